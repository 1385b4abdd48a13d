// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// BATON_API marks what baton's libraries export; everything else stays hidden inside them.
///
/// It also belongs on each type that is thrown or found by its type_info: with hidden type information a `catch`
/// in another library would miss it.

#if !defined(_WIN32) && !defined(__CYGWIN__)
#define BATON_API __attribute__((visibility("default")))
#elif !defined(BATON_SHARED)
#define BATON_API
#elif defined(BATON_BUILDING)
#define BATON_API __declspec(dllexport)
#else
#define BATON_API __declspec(dllimport)
#endif
