// SPDX-License-Identifier: MIT

// The ready set of a run that is shared, and rules (4) and (5) of src/scheduler/ready_set.hpp: a worker leaves its seat,
// looks at all maps once more, and calls for help. Stands for
//
//   src/scheduler/ready_set.hpp     BlockMap::mark, is_marked, take_lowest, steal_highest, any; claim_lowest, set_ready
//   src/scheduler/slice.cpp         Slice::work (leaving), run_some, steal, visit, share_surplus, make_ready
//   src/scheduler/slice_special.cpp Slice::start_specially, take_messages: messages before a body
//   src/scheduler/seats.cpp         RunCore::take_seat, leave_seat, anything_to_do, call_for_help,
//                                   call_for_help_with_all_marks
//   src/scheduler/run_core.cpp      RunCore::deliver
//   src/scheduler/pause.cpp         RunCore::pause, end_pause (by resume and by cancel), Slice::take_notice, put_back
//
// A change there is a change here. The executor serves each seat that is posted to it; park_notify.pml is about that.
//
// Memory. Only the owner of a map stores marks, by plain loads and stores; others clear them by read-modify-writes. The
// store of BlockMap::take_lowest is relaxed: it waits in the store buffer of its worker until the next sequentially
// consistent store or read-modify-write there, and may leave it at any time (proctype Memory). All else is one step.
// Two faults are about processors that do not write what a read-modify-write has changed before they read on.
//
// The tasks: the first one makes two ready (three with ONE_BLOCK), the last one of these another two, which have to be
// in a body at once before either goes on, as when each waits for the other. Two tasks that become ready together may be
// in one block or in two; of the last two, one may become ready by a message from a thread without a seat.
//
// With PAUSE, which has fewer tasks, the run is paused at some time, and later resumed or cancelled. The last two tasks
// do not wait for each other in a run that is cancelled, as nothing starts there any more but only ends.
//
// Property: where nothing can happen any more, all tasks have ended, and each seat is free.
//
// run: -DSEATS=2
// run: -DSEATS=3 -DONE_BLOCK
// run: -DSEATS=2 -DPAUSE

#ifdef ONE_BLOCK
#define FIRST 3
#else
#define FIRST 2
#endif
#define TASKS (1 + FIRST + 2)

byte block[2];              // RunCore::blocks_: bits of ready tasks
byte marks[SEATS];          // BlockMap::marks_: bits of blocks
byte unseen[SEATS];         // the value of marks_ in the owner's store buffer
bool is_unseen[SEATS];
byte free_seats;            // RunCore::free_seats_
bool is_free[SEATS];        // RunCore::free_seat_bits_
bool posted[SEATS];         // to the executor

bool has_messages;          // the bit of RunCore::attention_
byte messages;              // tasks of block 1 in RunCore::messages_
bool granted;               // a message is on its way

byte started, ended;

#ifdef PAUSE
bool pausing, cancelling;   // other bits of it
#define is_paused (pausing && !cancelling)
#else
#define is_paused false
#define cancelling false
#endif

#ifdef FAULT_RELAXED_LOOK_AT_BLOCK
bool reserved[SEATS];       // somebody's read-modify-write of the map has read and not written yet
#define writable(seat) !reserved[seat]
#else
#define writable(seat) true
#endif

#define own_marks (is_unseen[me] -> unseen[me] : marks[me])

// Before a sequentially consistent store or a read-modify-write of the worker.
#define drained !is_unseen[me]

// RunCore::take_seat and pass_on. `at` is a local byte.
inline call_for_help(at) {
  if
  :: free_seats == 0
  :: d_step {                                     // the load of that value, the CAS that succeeded, and the bit
       free_seats != 0 ->
       free_seats--;
       do
       :: !is_free[at] -> at++
       :: else -> break
       od;
       is_free[at] = false;
       posted[at] = true;
       at = 0
     }
  fi
}

// BlockMap::mark, shared
inline mark(b) {
  atomic { drained -> view = marks[me] | (1 << b) };
#ifdef FAULT_WEAK_MARK               // the store of the mark only releases
  atomic { writable(me) -> unseen[me] = view; is_unseen[me] = true; view = 0 }
#else
  atomic { drained && writable(me) -> marks[me] = view; view = 0 }
#endif
}

// Slice::make_ready, set_ready
inline make_ready(b, bits) {
  atomic { drained -> was_empty = block[b] == 0; block[b] = block[b] | bits };
  if
  :: was_empty -> mark(b)
  :: else
  fi;
  was_empty = false
}

// Slice::share_surplus: calls for as many as it has marked blocks, while seats are free.
inline share_surplus() {
#ifdef FAULT_NO_CALLS                // nobody is called before a body
  skip
#else
  at = free_seats;
  if
  :: at != 0 ->
     d_step {
       view = own_marks;
       calls = (view & 1) + (view >> 1);
       view = 0;
       if
       :: calls > at -> calls = at
       :: else
       fi;
       at = 0
     };
     do
     :: calls == 0 -> break
     :: else -> calls--; call_for_help(at)
     od
  :: else
  fi
#endif
}

// Slice::take_messages: Message::granted
inline take_messages() {
  if
  :: has_messages ->
     atomic { drained -> has_messages = false; taken = messages; messages = 0 };
     if
     :: taken != 0 -> make_ready(1, 1); taken = 0
     :: else
     fi
  :: else
  fi
}

// What ends last makes the next ones ready: in one block, in two, or one of them by a message.
inline end_task() {
  atomic { ended++; last = ended == 1 || ended == 1 + FIRST };
  if
  :: last ->
     last = false;
     if
#ifdef ONE_BLOCK
     :: make_ready(0, (ended == 1 -> 7 : 3))
#else
     :: make_ready(0, 3)
#endif
#ifndef ONE_BLOCK
#ifndef PAUSE
     :: make_ready(0, 1); make_ready(1, 1)
#endif
     :: ended == 3 -> granted = true; make_ready(0, 1)
#endif
     fi
  :: else
  fi
}

// The fetch_and of BlockMap::steal_highest and BlockMap::steal
inline take_mark() {
  if
  :: atomic { drained && writable(seat) -> view = marks[seat]; marks[seat] = view & ~(1 << b) };
     found = view & (1 << b);
#ifdef FAULT_RELAXED_LOOK_AT_BLOCK   // claim_lowest reads the block before the mark that was taken is seen to be gone
  :: atomic { drained && writable(seat) && (marks[seat] & (1 << b)) && block[b] == 0 -> reserved[seat] = true };
     atomic { marks[seat] = marks[seat] & ~(1 << b); reserved[seat] = false };
     seat = 0;
     b = 0;
     goto next
#endif
  fi
}

proctype Seat(byte me) {
  byte view, at, calls, taken, found, b, seat;
#ifdef PAUSE
  byte claimed;
#endif
  bool was_empty, last, more;

end_away:
  atomic { posted[me] -> posted[me] = false };

next:                                             // Slice::run_some
  take_messages();
#ifdef PAUSE
  if                                              // Slice::take_notice
  :: is_paused -> goto leave
  :: else
  fi;
#endif
  if                                              // as tasks are short or long, which may change at any time
  :: goto lowest_of_own
#ifndef PAUSE
  :: b = 2
#endif
  fi;
  do                                              // Slice::take_lowest_of_all
  :: seat == SEATS -> seat = 0; break
  :: seat < SEATS ->                              // BlockMap::find_lowest
     atomic {
       view = marks[seat];
       if
       :: (view & 1) && b != 0 -> b = 0; calls = seat
       :: view == 2 && b == 2 -> b = 1; calls = seat
       :: else
       fi;
       view = 0;
       seat++
     }
  od;
  if
  :: b == 2 -> goto leave
  :: else -> seat = calls; calls = 0
  fi;
  take_mark();
  atomic { seat = 0; view = 0 };
  if
  :: found -> found = 0; goto visit
  :: else -> goto next
  fi;

lowest_of_own:
  atomic {                                        // BlockMap::take_lowest
    view = own_marks;
    if
    :: view == 0 -> b = 2
    :: else -> b = (view & 1 -> 0 : 1)
    fi
  };
  if
  :: b != 2 ->
     atomic { drained -> unseen[me] = view & ~(1 << b); is_unseen[me] = true; view = 0 };
     goto visit
  :: else
  fi;
  seat = (me + 1) % SEATS;                        // Slice::steal, BlockMap::steal_highest
steal:
  do
  :: seat == me -> seat = 0; goto leave
  :: else ->
     view = marks[seat];
     do
     :: view == 0 -> break
     :: else ->
        b = (view & 2 -> 1 : 0);
        view = 0;
        take_mark();
        if
        :: found -> atomic { found = 0; view = 0; seat = 0 }; goto visit
        :: else -> view = view & ~(1 << b)
        fi
     od;
     seat = (seat + 1) % SEATS
  od;

visit:                                            // Slice::visit
  if                                              // claim_lowest
  :: atomic { block[b] == 0 -> b = 0 };
     goto next
  :: d_step {
       drained && block[b] != 0 ->
#ifdef PAUSE
       claimed = block[b] & -block[b];
#endif
       block[b] = block[b] & (block[b] - 1);
       more = block[b] != 0
     }
  fi;
#ifndef FAULT_REST_NOT_MARKED        // a block that is left with tasks is not marked
  if
  :: more ->
     more = (own_marks & (1 << b)) == 0;          // BlockMap::is_marked
     if
     :: more -> mark(b)
     :: else
     fi
  :: else
  fi;
#endif
  more = false;
  share_surplus();
  if                                              // Slice::start_specially
  :: has_messages -> take_messages(); share_surplus()
  :: else
  fi;
#ifdef PAUSE
  if                                              // Slice::start_specially, put_back
  :: is_paused ->
     make_ready(b, claimed);
     atomic { b = 0; claimed = 0 };
     goto next
  :: else -> claimed = 0
  fi;
#endif
  started++;                                      // the body
  assert(started <= TASKS);
  if
  :: started > 1 + FIRST -> started == TASKS || cancelling
  :: else
  fi;
  end_task();
  if
  :: goto visit
  :: b = 0; goto next
  fi;

leave:                                            // Slice::work
  b = 0;
#ifdef FAULT_LOOK_BEFORE_LEAVING     // the second look is before the seat is free
  if
  :: has_messages || marks[0] || marks[1] -> goto next
  :: else
  fi;
#endif
  atomic { drained -> is_free[me] = true; free_seats++ };   // RunCore::leave_seat; the bit is looked at once counted
#if !defined(FAULT_NO_SECOND_LOOK) && !defined(FAULT_LOOK_BEFORE_LEAVING)   // nobody looks after leaving
  if                                              // RunCore::anything_to_do
  :: has_messages -> goto help
  :: else
  fi;
#ifdef PAUSE
  if
  :: is_paused -> goto end_away
  :: else
  fi;
#endif
  seat = 0;
  do
#ifdef FAULT_LOOK_AT_OWN_MAP_ONLY    // the second look misses the maps of others
  :: seat == SEATS -> break
  :: seat < SEATS && seat == me && marks[seat] -> goto help
  :: seat < SEATS && !(seat == me && marks[seat]) -> seat++
#else
  :: seat == SEATS -> break
  :: seat < SEATS && marks[seat] -> goto help
  :: seat < SEATS && !marks[seat] -> seat++
#endif
  od;
  seat = 0;
  goto end_away;
help:
  seat = 0;
  call_for_help(at);
#endif
  goto end_away
}

// A thread without a seat: RunCore::deliver, call_for_help.
proctype Stranger() {
  byte at;
end_no_message:
  granted;
#ifdef FAULT_RELAXED_FREE_SEATS      // the free seats are read before the flag that was raised is seen
  if
  :: free_seats == 0 -> atomic { messages++; has_messages = true }; goto done
  :: else
  fi;
#endif
  atomic { messages++; has_messages = true };
#ifndef FAULT_NO_CALL_FOR_MESSAGE    // a message gets no worker
  call_for_help(at);
#endif
done:
  skip
}

#ifdef PAUSE
// RunCore::pause, resume, cancel
proctype Pauser() {
  byte at, calls, seat, free;
  pausing = true;
  if
  :: true                                         // RunCore::resume
#ifndef FAULT_CANCEL_LEAVES_PAUSE    // cancel() does not end the pause
  :: cancelling = true
#else
  :: cancelling = true; goto done
#endif
  fi;
#ifdef FAULT_CALLS_BEFORE_RESUME     // resume() calls for help before it lowers the flag
  goto call;
lower:
  pausing = false;
  goto done;
call:
#else
  pausing = false;                                // RunCore::end_pause
#endif
#ifndef FAULT_RESUME_CALLS_NOBODY    // resume() calls nobody
  free = free_seats;                              // RunCore::call_for_help_with_all_marks
  do
  :: seat == SEATS || calls >= free -> break
  :: else -> atomic { calls = calls + (marks[seat] & 1) + (marks[seat] >> 1); seat++ }
  od;
  if
  :: calls > free -> calls = free
  :: else
  fi;
  do
  :: calls == 0 -> break
  :: else -> calls--; call_for_help(at)
  od;
#endif
#ifdef FAULT_CALLS_BEFORE_RESUME
  goto lower;
#endif
done:
  skip
}
#endif

proctype Memory() {
end_memory:
  do
  :: atomic { is_unseen[0] && writable(0) -> marks[0] = unseen[0]; unseen[0] = 0; is_unseen[0] = false }
  :: atomic { is_unseen[1] && writable(1) -> marks[1] = unseen[1]; unseen[1] = 0; is_unseen[1] = false }
#if SEATS > 2
  :: atomic { is_unseen[2] && writable(2) -> marks[2] = unseen[2]; unseen[2] = 0; is_unseen[2] = false }
#endif
  od
}

init {
  byte seat;
  atomic {
    do
    :: seat < SEATS -> is_free[seat] = true; run Seat(seat); seat++
    :: else -> break
    od;
#ifndef ONE_BLOCK
    run Stranger();
#endif
#ifdef PAUSE
    run Pauser();
#endif
    run Memory();
    block[0] = 1;                                 // RunCore::mark_roots
#if defined(ONE_BLOCK)                            // the first one has ended
    block[0] = 7;
    started = 1;
    ended = 1;
#elif defined(PAUSE)                              // so have those after it, but for one
    started = FIRST;
    ended = FIRST;
#endif
    marks[0] = 1;
    is_free[0] = false;
    free_seats = SEATS - 1;
    posted[0] = true
  };
  timeout;                                        // nothing can happen any more
  assert(ended == TASKS);
  assert(free_seats == SEATS)
}
