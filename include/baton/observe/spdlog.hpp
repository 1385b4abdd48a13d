// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// For hosts that log through spdlog; needs spdlog's headers.

#include <baton/observe/log.hpp>

#include <spdlog/common.h>
#include <spdlog/logger.h>

#include <memory>
#include <utility>

namespace baton {

/// The level of spdlog that means `level`.
[[nodiscard]] inline spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

/// A log observer that writes to `logger`, whose own level decides too, at any time.
///
/// @param logger  One that several threads may use (`_mt`). Lines below `level` do not reach it.
[[nodiscard]] inline std::shared_ptr<LogObserver> make_log_observer(std::shared_ptr<spdlog::logger> logger,
                                                                    LogLevel level = LogLevel::info) {
  return std::make_shared<LogObserver>(
      LogOptions{level, [logger = std::move(logger)](LogLevel line_level, std::string_view line) {
                   logger->log(spdlog_level(line_level), spdlog::string_view_t(line.data(), line.size()));
                 }});
}

}  // namespace baton
