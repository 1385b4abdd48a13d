// SPDX-License-Identifier: MIT
#include "thread_start_failure.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <climits>

// A sanitizer has its own pthread_create in the program; going around it would blind it.
extern "C" int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)
    __attribute__((weak));

namespace {
std::atomic<int> successes_left{INT_MAX};
}

// Takes the place of the C library's function in the whole test program.
extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*start)(void*), void* argument) {
  if (successes_left.load() != INT_MAX && successes_left.fetch_sub(1) <= 0) return EAGAIN;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const Create create = &__interceptor_pthread_create != nullptr
                                   ? &__interceptor_pthread_create
                                   : reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, start, argument);
}

namespace baton::test {

ThreadStartFailure::ThreadStartFailure(int successes) { successes_left.store(successes); }
ThreadStartFailure::~ThreadStartFailure() { successes_left.store(INT_MAX); }

}  // namespace baton::test
