// SPDX-License-Identifier: MIT

// A run that is cancelled while its tasks start, wait and end. Stands for
//
//   src/scheduler/task_cancel.cpp   RunCore::cancel, stop_token
//   src/scheduler/run_core.cpp      RunCore::stop_waiting_tasks, deliver, take_messages, park, unpark
//   src/scheduler/run_core.hpp      RunCore::attention, stops, should_stop, for_each_begun
//   src/scheduler/run_end.cpp       RunCore::count_ended, decide
//   src/scheduler/slice_special.cpp Slice::start_specially, wait_for_resources, start_body, take, start_again,
//                                   end_parked, wait_until, begin_rest, end; PinnedTask::run
//   src/scheduler/resources.cpp     Resources::try_acquire, wait_for, remove, drop_stopped, give_back, serve
//   src/scheduler/timers.cpp        Timers::add, remove, drop_stopped, ring
//   src/scheduler/continuation.hpp  Continuation::begin, cancel, finish; child_run.cpp is one
//
// A change there is a change here. Cancelling a single task, retries and limits of time are not in it; a pause is in
// seat_second_look.pml. That a message gets a worker is the matter of seat_second_look.pml: here workers come
// whenever there is something to do.
//
// Memory. What lies under a mutex is one step with taking it and giving it back. RunCore::attention() is a relaxed
// load, which may miss the flag, unless its thread has entered a section of a mutex that the thread which raised the
// flag has left after that: `must_see` of a process means that.
//
// There are two tasks. The kinds: one that parks, one that needs a unit of a resource, one with a continuation of up to
// two rounds, one pinned to another executor, one whose body runs until its stop token says stop, and one that fails
// while the failure mode is stop. The second task is of that kind, or both park, or both need the unit. Timer, resource
// and child may answer at any time, or never.
//
// Properties: each task ends once, and is counted once; each wait is answered by one message; no body starts where its
// thread must have seen the cancel; the run is decided once, and touched by nobody after it is quiet. Where nothing can
// happen any more, a run that is cancelled, or that got all its answers, is decided and quiet.
//
// run:

#define TASKS 2
#define NOBODY TASKS

mtype = { parks, needs_unit, has_rest, is_pinned, heeds_stop, fails };
mtype = { none, granted, timer, body, child, drop_it };    // Message::Kind

// What has a mutex: RunCore, Resources, Timers
#define RUN 0
#define RES 1
#define TIM 2
bool after[3];              // a thread that must see the flag has left the mutex

bool cancelling, stopping;  // RunCore::attention_
#define raised (cancelling || stopping)

mtype kind[TASKS];
mtype message[TASKS] = none;   // RunCore::messages_; one a task is enough, which is one of the properties
bool ready[TASKS] = true;
bool parked[TASKS];         // RunCore::parked_
byte rounds[TASKS];         // of the continuation, so far
bool timed[TASKS];          // Timers::queue_
bool waiting[TASKS];        // Resources::waiters_
bool called[TASKS];         // Waiter::called
bool unit;                  // the unit is there; at first another run has it
bool holds[TASKS];          // ParkedTask::holds_resources
bool begun[TASKS];          // Continuation::begin was called, and it is not over
bool asked[TASKS];          // Continuation::cancel was called
bool pinned[TASKS];         // PinnedTask: on its way to its executor
bool has_token, stopped;    // RunCore::stop_source_

byte ends[TASKS];
byte left = TASKS;          // RunCore::left_
byte references = 1;        // RunCore::engine_references_; that of the undecided run
bool decided;
#ifdef FAULT_NO_KEEP_BY_TIMER        // a timer does not keep the run
#define KEPT 0
#else
#define KEPT 1
#endif
bool rings, gives, ends_itself;   // whether timers ring, the unit comes back, children end unasked

// Each process has `bool must_see, stop` and, for what it calls, `byte head`.
inline passed(mutex) {      // went through a section of the mutex
  must_see = must_see || after[mutex];
  after[mutex] = must_see
}

// RunCore::attention(): `stop` is the answer.
inline look() {
  atomic {
    if
    :: raised -> stop = true
    :: !must_see -> stop = false
    fi
  }
}

inline keep() { assert(references > 0); references++ }

inline let_go() {           // RunCore::drop
  references--;
  assert(references > 0 || decided)
}

// RunCore::deliver
inline deliver(task, what) {
  atomic {
    assert(references > 0);
    assert(message[task] == none);
    message[task] = what;
    passed(RUN)
  }
}

// Resources::serve: `head` is who is to be called, with a reference. A section of its own; where a waiter has queued or
// was removed it is one step with that, to keep the search small (with all of them apart: 11 million states, no fault).
inline serve() {
  head = (waiting[0] -> 0 : (waiting[1] -> 1 : NOBODY));
  if
  :: head != NOBODY && unit && !called[head] -> called[head] = true; keep()
  :: else -> head = NOBODY
  fi
}

// Resources::deliver
inline call_head() {
  if
  :: head != NOBODY ->
     atomic { deliver(head, granted); let_go(); head = NOBODY }
  :: else
  fi
}

inline drop_all() {
  do
  :: drops == 0 -> break
  :: else ->
     atomic {
       dropped = (drops & 1 -> 0 : 1);
       deliver(dropped, drop_it);
       drops = drops & ~(1 << dropped);
       dropped = 0
     }
  od;
  skip
}

// RunCore::stop_waiting_tasks. `list` has a bit for each task.
inline stop_waiting_tasks() {
  d_step { stopped = stopped || has_token; passed(RUN) };   // request_stop; one made from now on is born stopped
  d_step {                                        // Resources::drop_stopped
    assert(references > 0);
    drops = (waiting[0] && !called[0] -> 1 : 0) | (waiting[1] && !called[1] -> 2 : 0);
#ifdef FAULT_CALLED_AND_DROPPED      // a waiter that was called is dropped as well
    drops = (waiting[0] -> 1 : 0) | (waiting[1] -> 2 : 0);
#endif
    references = references - waiting[0] - waiting[1];
    waiting[0] = false;
    waiting[1] = false;
    passed(RES)
  };
  drop_all();
  d_step {                                        // Timers::drop_stopped
    assert(references > 0);
    drops = (timed[0] -> 1 : 0) | (timed[1] -> 2 : 0);
    references = references - KEPT * (timed[0] + timed[1]);
    timed[0] = false;
    timed[1] = false;
    passed(TIM)
  };
  drop_all();
  d_step {                                        // RunCore::for_each_begun
    list = (parked[0] && kind[0] == has_rest -> 1 : 0) | (parked[1] && kind[1] == has_rest -> 2 : 0);
    passed(RUN)
  };
  d_step {                                        // Continuation::cancel
    if
    :: list & 1 -> asked[0] = true
    :: else
    fi;
    if
    :: list & 2 -> asked[1] = true
    :: else
    fi;
    list = 0
  }
}

proctype Worker() {
  bool must_see, stop, removed;
  byte head = NOBODY, list, drops, dropped, t, ended;
  mtype what;

end_away:                                         // RunCore::take_seat
  atomic { message[0] != none || message[1] != none || ready[0] || ready[1] -> keep() };

next:                                             // Slice::run_some
  if
  :: atomic { message[0] != none -> t = 0; what = message[0]; message[0] = none; passed(RUN) }; goto take
  :: atomic { message[1] != none -> t = 1; what = message[1]; message[1] = none; passed(RUN) }; goto take
  :: atomic { ready[0] -> ready[0] = false; t = 0; parked[0] = false; passed(RUN) }   // RunCore::unpark
  :: atomic { ready[1] -> ready[1] = false; t = 1; parked[1] = false; passed(RUN) }
  :: atomic {                                     // leaves its seat: RunCore::count_ended, decide
       message[0] == none && message[1] == none && !ready[0] && !ready[1] ->
       left = left - ended;
       if
       :: ended != 0 && left == 0 -> assert(!decided); decided = true; let_go()
       :: else
       fi;
       ended = 0;
       t = 0;
       stop = false;
       must_see = false;
       let_go()
     };
     goto end_away
  fi;

  atomic {                                        // Slice::start_specially
    look();
    if
    :: stop -> goto end
    :: else
    fi
  };
  if
  :: kind[t] == needs_unit ->
     atomic {                                     // Resources::try_acquire, which has nobody to call: no unit is left
       passed(RES);
       if
       :: unit && (t == 0 || !waiting[0]) ->
          unit = false;
          holds[t] = true;
          if
          :: waiting[t] -> waiting[t] = false; let_go()
          :: else
          fi
       :: else
       fi
     };
     if
     :: holds[t]
     :: else ->
#ifndef FAULT_QUEUED_BEFORE_PARKED   // a task queues for a resource before it is parked
        atomic { parked[t] = true; passed(RUN) };
#endif
        atomic {                                  // Resources::wait_for
          if
          :: waiting[t]
          :: else -> waiting[t] = true; keep()
          fi;
          called[t] = false;
          serve();
          passed(RES)
        };
        call_head();
#ifdef FAULT_QUEUED_BEFORE_PARKED
        atomic { parked[t] = true; passed(RUN) };
#endif
#ifndef FAULT_NO_LOOK_AFTER_QUEUING  // a task that has queued for a resource does not look at the flag again
        look();
        if
        :: stop ->
           atomic {                               // Resources::remove
             removed = waiting[t] && !called[t];
                   if
             :: waiting[t] -> waiting[t] = false; let_go(); serve()
             :: else
             fi;
             passed(RES)
           };
           call_head();
           if
           :: removed -> deliver(t, drop_it)
           :: else
           fi
        :: else
        fi;
        removed = false;
#endif
        stop = false;
     goto next
     fi
  :: kind[t] == is_pinned ->                      // Slice::post_to_executor
     atomic { keep(); pinned[t] = true };
     stop = false;
     goto next
  :: else
  fi;

#ifndef FAULT_NO_LOOK_BEFORE_BODY    // a task that got its resources does not look at the flag again
  atomic {                                        // Slice::start_body
    look();
    if
    :: stop -> goto end
    :: else
    fi
  };
#endif
  atomic { assert(!must_see) };
  if                                              // the body
  :: kind[t] == parks || kind[t] == has_rest -> goto park
  :: kind[t] == heeds_stop ->
     atomic {                                     // RunCore::stop_token
       has_token = true;
#ifndef FAULT_TOKEN_NOT_BORN_STOPPED // a token that is made after the cancel does not know of it
       stopped = stopped || raised;
#endif
       passed(RUN)
     };
end_until_stopped:
     stopped || ends_itself
  :: else
  fi;
  goto end;

park:                                             // Slice::end_parked, wait_until
  if
  :: kind[t] == has_rest ->                       // Slice::begin_rest
#ifdef FAULT_BEGUN_BEFORE_PARKED     // the continuation begins before the task is parked
     atomic { keep(); begun[t] = true; rounds[t]++ };
#endif
     atomic { parked[t] = true; passed(RUN) };
#ifndef FAULT_NO_LOOK_BEFORE_REST    // a task does not look at the flag before its continuation begins
     atomic {
       look();
       if
       :: stop -> asked[t] = true
       :: else
       fi;
       stop = false
     };
#endif
#ifndef FAULT_BEGUN_BEFORE_PARKED
     atomic { keep(); begun[t] = true; rounds[t]++; goto next }
#else
     goto next
#endif
  :: else ->
     atomic {
       look();
       if
       :: stop -> goto end
       :: else
       fi
     }
  fi;
#ifndef FAULT_TIMED_BEFORE_PARKED    // the timer is set before the task is parked
  atomic { parked[t] = true; passed(RUN) };
#endif
  atomic { references = references + KEPT; timed[t] = true; passed(TIM) };   // Timers::add
#ifdef FAULT_TIMED_BEFORE_PARKED
  atomic { parked[t] = true; passed(RUN) };
#endif
#ifndef FAULT_NO_LOOK_AFTER_TIMER    // a task that has set its timer does not look at the flag again
  look();
  if
  :: stop ->
     atomic {                                     // Timers::remove
       removed = timed[t];
       if
       :: timed[t] -> timed[t] = false; references = references - KEPT
       :: else
       fi;
       passed(TIM)
     };
#ifdef FAULT_DROPPED_IN_ANY_CASE     // it is dropped whether its timer was still there or not
     removed = true;
#endif
     if
     :: removed -> deliver(t, drop_it)
     :: else
     fi;
     removed = false
  :: else
  fi;
#endif
  stop = false;
  goto next;

take:                                             // Slice::take
  atomic {                                        // RunCore::unpark
    assert(parked[t]);
    parked[t] = false;
    passed(RUN);
  if
  :: what == granted -> what = none; parked[t] = true; ready[t] = true; goto next   // Slice::start_again
  :: what == child && rounds[t] < 2 -> what = none; goto park
#ifdef FAULT_DROPPED_COUNTED_TWICE   // who drops a task counts it, and so does who ends it
  :: what == drop_it -> what = none; ended++; goto end
#else
  :: what == drop_it -> what = none; goto end
#endif
  :: what == child || what == timer || what == body -> what = none; goto end
  fi
  };

end:                                              // Slice::end, pass_on_end
  atomic {
    ends[t]++;
    ended++;
    assert(ends[t] == 1 && left >= ended && !parked[t] && !timed[t] && !begun[t] && !pinned[t]);
    assert(!waiting[t] || (called[t] && raised));  // whoever raised the flag takes it off the queue
    if
    :: kind[t] == fails && !stop && !stopping -> stopping = true; must_see = true
    :: !(kind[t] == fails && !stop && !stopping) -> goto give_back
    fi
  };
  stop_waiting_tasks();
give_back:                                        // Resources::give_back
  atomic {
    stop = false;
    if
    :: holds[t] -> holds[t] = false; unit = true; passed(RES)
    :: else -> goto next
    fi
  };
  atomic { serve(); passed(RES) };
  call_head();
  goto next
}

// RunCore::cancel
proctype Canceller() {
  bool must_see;
  byte list, drops, dropped;
#ifdef FAULT_CANCEL_WITHOUT_KEEP     // cancel() does not keep the run while it goes through what waits
  if
  :: references == 0 -> goto done
  :: else
  fi;
#else
  if
  :: atomic { references == 0 -> goto done }
  :: atomic { references != 0 -> keep() }
  fi;
#endif
  if
  :: decided
  :: else ->
#ifdef FAULT_COLLECTED_BEFORE_RAISED // what waits is collected before the flag is raised
     stop_waiting_tasks();
     cancelling = true
#else
     atomic { cancelling = true; must_see = true; passed(RUN) };
     stop_waiting_tasks()
#endif
  fi;
#ifndef FAULT_CANCEL_WITHOUT_KEEP
  let_go();
#endif
done:
  skip
}

// The clock: Timers::ring
proctype Clock() {
  bool must_see;
  byte t;
end_clock:
  do
  :: atomic {
       rings && (timed[0] || timed[1]) ->
       if
       :: timed[0] -> t = 0
       :: timed[1] -> t = 1
       fi;
       timed[t] = false;
       passed(TIM)
     };
     deliver(t, timer);
     atomic {
       assert(references > 0);                    // RunCore::call_for_help, on the way out of deliver
       references = references - KEPT;
       t = 0;
       must_see = false
     }
  od
}

// Another run, which has the unit: Resources::give_back
proctype Holder() {
  bool must_see;
  byte head = NOBODY;
end_holder:
  gives;
  atomic { unit = true; passed(RES) };
  atomic { serve(); passed(RES) };
  call_head()
}

// What continuations begin
proctype Child() {
  bool must_see;
  byte t;
end_child:
  do
  :: atomic {
       if
       :: begun[0] && (ends_itself || asked[0]) -> t = 0
       :: begun[1] && (ends_itself || asked[1]) -> t = 1
       fi;
       begun[t] = false
     };
     atomic { deliver(t, child); let_go(); t = 0; must_see = false }
  od
}

// PinnedTask::run
proctype Pinned() {
  bool must_see, stop;
  byte t;
end_pinned:
  do
  :: atomic {
       if
       :: pinned[0] -> t = 0
       :: pinned[1] -> t = 1
       fi;
       pinned[t] = false
     };
     look();
     if
     :: stop
     :: else -> assert(!must_see)                 // the body
     fi;
     atomic { parked[t] = true; stop = false; passed(RUN) };
     atomic { deliver(t, body); let_go(); t = 0; must_see = false }
  od
}

#define any(a) (kind[0] == a || kind[1] == a)

// `it` is chosen where it makes a difference.
inline choose(it, when) {
  if
  :: it = true
  :: when -> it = false
  fi
}

init {
  atomic {
    kind[1] = fails;
    if
    :: kind[0] = parks
    :: kind[0] = needs_unit
    :: kind[0] = has_rest
    :: kind[0] = is_pinned
    :: kind[0] = heeds_stop
    :: kind[0] = fails
    :: kind[0] = parks; kind[1] = parks
    :: kind[0] = needs_unit; kind[1] = needs_unit
    fi;
    choose(rings, any(parks));
    choose(gives, any(needs_unit));
    choose(ends_itself, any(has_rest) || any(heeds_stop));
    run Worker();
    run Worker();
    if
    :: run Canceller()
    :: rings && gives && ends_itself
    fi;
    run Clock();
    run Holder();
    run Child();
    run Pinned()
  };
  timeout;                                        // nothing can happen any more
  assert(decided == (ends[0] == 1 && ends[1] == 1));
  assert(decided || !(raised || (rings && gives && ends_itself)));
  assert(!decided || references == 0)
}
