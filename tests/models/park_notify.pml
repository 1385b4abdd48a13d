// SPDX-License-Identifier: MIT

// How a worker of ThreadPool goes to sleep and is woken. Stands for
//
//   src/executor/pool.hpp           the protocol: (1) no lost wake-up, (2) work-conserving; Pool::notify
//   src/executor/pool.cpp           Pool::live, take, search, has_work_now, forks, post, spawn
//   src/executor/pool_sleep.cpp     Pool::call_idle, sleep, sleep_while_listed, doze
//   src/executor/event_count.hpp    announce, wait_until, retract, notify
//   src/executor/event_count.cpp    FutexGate::wait, FutexGate::open
//   src/executor/fifo_queue.hpp     push and empty, of which all accesses are sequentially consistent
//   src/executor/deque.hpp          push, empty, used
//
// A change there is a change here. tests/executor/pool_model_test.cpp has the pool without the event count, and with
// spare threads; this model has each access of the event count as a step of its own, and no spare threads.
//
// Memory. What is stored with less than sequential consistency goes to a store buffer and from there to memory at any
// later time (proctype Memory); Pool::has_work_now empties the buffers by heavy_fence(). Such a store is the one of
// Deque::bottom_. All others that matter are read-modify-writes or sequentially consistent, and are one step.
//
// Work is brought by a worker inside a long body, which posts it or puts it into its deque. There are two pieces, which
// have to be in a body at once before either body returns, and then perhaps a third: so a piece that nobody comes for
// stops everything, whatever the others do.
//
// Property: where nothing can happen any more, all work has been taken and all workers sleep; and there is no way to
// go on for ever without taking work (the search for cycles). So each piece is taken, without any assumption about
// which thread is fast. The limit of a sleep is left out, as it would hide what this looks for.
//
// run: -DPIECES=2 cycles
// run: -DPIECES=3
// run: -DPIECES=2 -DTWO_PRODUCERS

#define WORKERS 2        // that sleep and wake; the one in the long body comes to that

byte posted;             // Pool::posted_
byte forked;             // what the worker in the long body has in its deque, as others see it
byte unseen_forks;       // the same, in its store buffer
bool used;               // Deque::used() of that
byte unseen_posts;       // of a fault
byte taken;              // pieces that were taken, of all rounds

byte sleeping;           // Pool::sleeping_
byte searching;          // Pool::searching_
bool mutex;              // Pool::mutex_
byte idle[WORKERS];      // Pool::idle_, the oldest first; its length is `listed`
byte listed;
bool is_active[WORKERS];    // Worker::state: active or idle
bool counted[WORKERS];   // Worker::counted
bool called[WORKERS];    // Worker::called

byte epoch[WORKERS];     // of Worker::wakeup: BasicEventCount::epoch_
byte waiters[WORKERS];   // BasicEventCount::waiters_
bool in_kernel[WORKERS]; // waits in FUTEX_WAIT

#define has_work (posted != 0 || forked != 0)   // Pool::has_work

// heavy_fence(): every core empties its store buffer.
inline heavy_fence() {
  d_step {
    forked = forked + unseen_forks;
    unseen_forks = 0
  }
}

// Pool::unlist_idle_locked, but for sleeping_.
inline unlist(who, at) {
  d_step {
    at = 0;
    do
    :: idle[at] != who -> at++
    :: else -> break
    od;
    do
    :: at + 1 < listed -> idle[at] = idle[at + 1]; at++
    :: else -> break
    od;
    listed--;
    idle[listed] = 0;
    at = 0
  }
}

// BasicEventCount::notify, FutexGate::open. Changing the epoch and FUTEX_WAKE are one step: who is not in the kernel
// when the epoch changes does not go there any more.
inline wake(who) {
  if
  :: waiters[who] != 0 -> atomic { epoch[who]++; in_kernel[who] = false; who = 0 }
  :: else -> who = 0
  fi
}

// Pool::notify, call_idle
inline notify(who, at) {
  if
  :: sleeping != 0 ->
     if
     :: searching == 0 ->
        if
        :: atomic { !mutex && (listed == 0 || searching != 0) -> skip }
        :: atomic { !mutex && listed != 0 && searching == 0 -> mutex = true; who = idle[listed - 1]; searching++ };
           atomic { unlist(who, at); sleeping-- };
           atomic { is_active[who] = true; counted[who] = true; called[who] = true; mutex = false };
           wake(who)
        fi
     :: else
     fi
  :: else
  fi
}

// Pool::has_work_now: `found` is the answer. The look without a fence, which may spare it, could only find more.
inline look_for_work_now(found) {
  if
  :: used ->
#ifndef FAULT_NO_HEAVY_FENCE         // nobody passes the fence that stands for those of the producers
     heavy_fence();
#endif
     found = has_work
  :: !used && has_work -> found = true
  :: !used && !has_work -> found = false
  fi
}

// Pool::take: posted work, or a body from another deque, whichever the turn has. Its body returns when `goal` pieces
// have been taken.
inline take(found, goal) {
  atomic {
    if
    :: posted != 0 -> posted--; found = true
    :: forked != 0 -> forked--; found = true
    :: !has_work -> found = false
    fi;
    if
    :: found -> taken++; goal = (taken == 1 -> 2 : taken)
    :: else
    fi
  }
}

proctype Worker(byte me) {
  bool job, found, is_counted;
  byte who, at, key, goal;

live:                                             // Pool::live
  if
  :: is_counted -> goto look
  :: else -> take(job, goal)
  fi;
  if
  :: job -> goto body
  :: else
  fi;

  if                                              // Pool::search: half of the threads may, at most
  :: searching != 0 -> goto sleep
  :: searching++
  fi;
look:
  take(job, goal);                                // tries more often; once is the worst
#ifdef FAULT_NO_LOOK_AFTER_SEARCH    // the last searcher begins what it found without looking whether there is more
  atomic { searching--; is_counted = false }
#else
  atomic { searching--; is_counted = false; found = job && searching == 0 };
  if
  :: found && sleeping != 0 ->
#ifdef FAULT_NO_FENCE_AFTER_SEARCH   // it looks without making the producers pass a fence
     found = has_work;
#else
     look_for_work_now(found);
#endif
     if
     :: found -> notify(who, at)
     :: else
     fi
  :: else
  fi;
#endif
  found = false;
  if
  :: job -> goto body
  :: else
  fi;

sleep:                                            // Pool::sleep, list_idle_locked
  atomic {
    !mutex -> mutex = true;
    is_active[me] = false;
    called[me] = false;
    idle[listed] = me;
    listed++
  };
  atomic { sleeping++; mutex = false };

doze:                                             // Pool::doze
#ifdef FAULT_ANNOUNCE_AFTER_LOOK     // the waiter looks at the condition before it says that it waits
  found = called[me];
  if
  :: !found -> look_for_work_now(found)
  :: else
  fi;
  waiters[me]++;
  key = epoch[me];
#else
  waiters[me]++;                                  // BasicEventCount::announce
  key = epoch[me];
#ifdef FAULT_NO_LAST_LOOK            // the waiter does not look at the condition again
  found = false;
#else
  found = called[me];
  if
  :: !found ->
#ifdef FAULT_NO_FENCE_BEFORE_SLEEP   // it looks without making the producers pass a fence
     found = has_work
#else
     look_for_work_now(found)
#endif
  :: else
  fi;
#endif
#endif
  if
  :: found
  :: else ->                                      // BasicEventCount::wait_until, FutexGate::wait
     atomic {                                     // the kernel compares and sleeps in one step
#ifdef FAULT_SLEEP_WITHOUT_KEY       // a notice between announce() and wait() is not looked for
       in_kernel[me] = true;
#else
       in_kernel[me] = epoch[me] == key;
#endif
       key = 0
     };
end_asleep:
     !in_kernel[me]
  fi;
  atomic { waiters[me]--; found = false; epoch[me] = 0 };   // BasicEventCount::retract; nobody has a key now

  if                                              // Pool::sleep_while_listed
  :: atomic { !mutex && is_active[me] -> is_counted = counted[me]; counted[me] = false; called[me] = false };
     goto live
  :: atomic { !mutex && !is_active[me] && !has_work -> skip };
     goto doze
  :: atomic { !mutex && !is_active[me] && has_work -> mutex = true };
     atomic { unlist(me, at); sleeping-- };
#ifdef FAULT_LAST_LOOK_NOT_COUNTED   // who finds work by its last look calls nobody for the rest
     atomic { is_active[me] = true; mutex = false };
#else
     atomic { is_active[me] = true; searching++; is_counted = true; mutex = false };
#endif
     goto live
  fi;

body:
  atomic { taken >= goal; goal = 0; job = false; found = false };
  goto live
}

// A worker inside a long body, which may post work or fork: Pool::post, Pool::spawn.
proctype Producer(byte pieces) {
  byte made, who, at;
#ifdef FAULT_USED_TOO_LATE
  bool first_fork;
#endif
  do
  :: made == pieces -> break
  :: else ->
     made < 2 || taken >= 2;                       // the first round has been taken
#ifdef FAULT_NOTIFY_BEFORE_PUBLISH   // the notifier looks for sleepers before it makes the condition true
     notify(who, at);
#endif
     if
     :: true ->                                   // FifoQueue::push
#ifdef FAULT_WEAK_POST               // it releases, and is not sequentially consistent
        unseen_posts++
#else
        posted++
#endif
     :: true ->                                   // Deque::push
#ifdef FAULT_USED_TOO_LATE           // Deque::used() is stored after the first item, and not sequentially consistent
        unseen_forks++;
        first_fork = true
#else
        used = true;                              // Deque::grow
        unseen_forks++                            // a release store of bottom_, and light_fence()
#endif
     fi;
#ifndef FAULT_NOTIFY_BEFORE_PUBLISH
     notify(who, at);
#endif
#ifdef FAULT_USED_TOO_LATE
     used = used || first_fork;
#endif
     made++
  od
}

proctype Memory() {
end_memory:
  do
  :: atomic { unseen_forks != 0 -> unseen_forks--; forked++ }
#ifdef FAULT_WEAK_POST
  :: atomic { unseen_posts != 0 -> unseen_posts--; posted++ }
#endif
  od
}

init {
  byte worker;
  atomic {
    do
    :: worker < WORKERS -> is_active[worker] = true; run Worker(worker); worker++
    :: else -> break
    od;
#ifdef TWO_PRODUCERS
    run Producer(1);
    run Producer(1);
#else
    run Producer(PIECES);
#endif
    run Memory()
  };
  timeout;                                        // nothing can happen any more
  assert(taken == PIECES);
  assert(sleeping == WORKERS && listed == WORKERS && searching == 0)
}
