// SPDX-License-Identifier: MIT
#include "files.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace indexer {
namespace {

/// Reads a file from its start, a piece at a time.
class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path) {
    errno = 0;
    file_.open(path, std::ios::binary);
    if (!file_) fail("cannot be opened: ");
  }

  /// The next piece, valid until the next call; empty at the end.
  std::string_view next() {
    errno = 0;
    file_.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
    if (file_.bad()) fail("cannot be read: ");
    return {piece_.data(), static_cast<std::size_t>(file_.gcount())};
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw ReadError(path_, what + std::generic_category().message(errno));
  }

  const fs::path& path_;
  std::ifstream file_;
  std::array<char, 65536> piece_;
};

/// FNV-1a in 64 bits. Good enough to tell which files to compare; not meant to withstand people who want collisions.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325;
};

/// What the name says about a text file.
std::string_view kind_by_name(const fs::path& path) {
  static const std::unordered_map<std::string, std::string_view> names{
      {"CMakeLists.txt", "CMake"}, {"Dockerfile", "Docker"}, {"Makefile", "Make"}};
  static const std::unordered_map<std::string, std::string_view> extensions{
      {".c", "C"},           {".h", "C/C++ header"}, {".cc", "C++"},      {".cpp", "C++"},   {".cxx", "C++"},
      {".hpp", "C++"},       {".hh", "C++"},         {".inl", "C++"},     {".cs", "C#"},     {".css", "CSS"},
      {".csv", "CSV"},       {".cmake", "CMake"},    {".go", "Go"},       {".html", "HTML"}, {".java", "Java"},
      {".js", "JavaScript"}, {".json", "JSON"},      {".md", "Markdown"}, {".py", "Python"}, {".rs", "Rust"},
      {".sh", "shell"},      {".sql", "SQL"},        {".svg", "SVG"},     {".toml", "TOML"}, {".ts", "TypeScript"},
      {".xml", "XML"},       {".yaml", "YAML"},      {".yml", "YAML"}};
  if (const auto found = names.find(path.filename().string()); found != names.end()) return found->second;
  const auto found = extensions.find(path.extension().string());
  return found == extensions.end() ? "other text" : found->second;
}

std::string describe(const std::error_code& error) { return error.message(); }

/// Walks through a folder without recursion: folders may be nested deeply.
class Lister {
 public:
  Lister(const fs::path& folder, const ListOptions& options) : folder_(folder), options_(options) {
    std::error_code error;
    if (!options.without.empty()) without_ = fs::weakly_canonical(options.without, error);
  }

  Listing list() {
    waiting_.push_back({});
    while (!waiting_.empty()) {
      const fs::path relative = std::move(waiting_.back());
      waiting_.pop_back();
      list_one(relative);
    }
    std::sort(listing_.files.begin(), listing_.files.end());
    return std::move(listing_);
  }

 private:
  void list_one(const fs::path& relative) {
    std::error_code error;
    fs::directory_iterator entry(folder_ / relative, error);
    while (!error && entry != fs::directory_iterator()) {
      add(*entry, relative / entry->path().filename());
      entry.increment(error);
    }
    if (!error) return;
    if (relative.empty())
      throw std::runtime_error(baton::one_line(folder_.string()) + ": cannot be listed: " + describe(error));
    listing_.problems.push_back({relative.string(), "cannot be listed: " + describe(error)});
  }

  void add(const fs::directory_entry& entry, const fs::path& relative) {
    std::error_code error;
    if (entry.is_symlink(error)) {
      ++listing_.links;
    } else if (entry.is_directory(error)) {
      if (!leaves_out(entry.path())) waiting_.push_back(relative);
    } else if (entry.is_regular_file(error)) {
      listing_.files.push_back(relative);
    } else if (error) {
      listing_.problems.push_back({relative.string(), describe(error)});
    } else {
      ++listing_.special;
    }
  }

  [[nodiscard]] bool leaves_out(const fs::path& path) const {
    const fs::path name = path.filename();
    if (!options_.takes_all && (name == ".git" || name == "build")) return true;
    std::error_code error;
    return !without_.empty() && name == without_.filename() && fs::weakly_canonical(path, error) == without_;
  }

  const fs::path& folder_;
  const ListOptions& options_;
  fs::path without_;
  std::vector<fs::path> waiting_;
  Listing listing_;
};

}  // namespace

Listing list_files(const fs::path& folder, const ListOptions& options) { return Lister(folder, options).list(); }

FileInfo read_file(const fs::path& path, const baton::Context& context) {
  constexpr std::size_t looked_at = 8000;  // for a zero byte, which no text has: as git does
  Reader reader(path);
  FileInfo info;
  Hash hash;
  bool is_binary = false;
  char last = '\n';
  for (std::string_view piece = reader.next(); !piece.empty(); piece = reader.next()) {
    context.throw_if_stopped();
    if (info.bytes == 0) is_binary = piece.substr(0, looked_at).find('\0') != std::string_view::npos;
    info.bytes += piece.size();
    hash.add(piece);
    info.lines += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    last = piece.back();
  }
  if (last != '\n') ++info.lines;  // a last line without an end
  if (is_binary) info.lines = 0;
  info.hash = hash.value();
  info.kind = info.bytes == 0 ? "empty" : is_binary ? "binary" : kind_by_name(path);
  return info;
}

bool have_same_content(const fs::path& a, const fs::path& b, const baton::Context& context) {
  Reader first(a);
  Reader second(b);
  while (true) {
    context.throw_if_stopped();
    const std::string_view piece = first.next();
    if (piece != second.next()) return false;
    if (piece.empty()) return true;
  }
}

}  // namespace indexer
