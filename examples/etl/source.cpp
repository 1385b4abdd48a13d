// SPDX-License-Identifier: MIT
#include "source.hpp"

#include "../random.hpp"
#include "orders.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

namespace etl {
namespace {

bool is_orders(const std::string& name) { return name.starts_with("orders-") && name.ends_with(".csv"); }

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Source::Source(fs::path folder, double flaky_share, std::uint64_t seed)
    : folder_(std::move(folder)), flaky_share_(flaky_share), seed_(seed) {}

std::vector<SourceFile> Source::list_orders() const {
  const std::string shown = baton::one_line(folder_.string());
  std::vector<SourceFile> files;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!is_orders(name)) continue;
    if (auto file = look_at(name)) files.push_back(std::move(*file));
  }
  if (error) throw std::runtime_error(shown + ": cannot be listed: " + error.message());
  if (files.empty()) throw std::runtime_error(shown + ": has no file orders-*.csv; `--generate` makes some");
  std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return files;
}

std::optional<SourceFile> Source::look_at(const std::string& name) const {
  std::error_code error;
  const fs::path path = folder_ / name;
  const auto size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (error || !fs::is_regular_file(path, error)) return std::nullopt;
  const auto modified = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  return SourceFile{name, size, modified.time_since_epoch().count()};
}

void Source::maybe_fail(const std::string& name, std::uint32_t attempt) const {
  examples::Random random(seed_, name);
  if (random.uniform() >= flaky_share_ || attempt > 1 + random.below(3)) return;
  ++busy_count_;
  throw SourceBusy(baton::one_line(name) + ": the source does not answer");
}

std::string Source::read(const std::string& name, std::uint32_t attempt) const {
  maybe_fail(name, attempt);
  std::ifstream file(folder_ / name, std::ios::binary | std::ios::ate);
  if (!file) throw BrokenFile(baton::one_line(name) + ": cannot be opened");
  std::string text(static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0)), '\0');
  file.seekg(0).read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) throw BrokenFile(baton::one_line(name) + ": cannot be read");
  return text;
}

std::string Source::read_orders(const std::string& name, std::uint32_t attempt) const {
  std::string text = read(name, attempt);
  std::string_view rest = text;
  if (rest.starts_with(byte_order_mark)) rest.remove_prefix(byte_order_mark.size());
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view first = rest.substr(0, end);
  if (first.ends_with('\r')) first.remove_suffix(1);
  if (first != orders_header) {
    throw BrokenFile(baton::one_line(name) + ": does not begin with '" + std::string(orders_header) + "'");
  }
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return text.erase(0, text.size() - rest.size());
}

}  // namespace etl
