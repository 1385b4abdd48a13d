// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/context.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace indexer {

namespace fs = std::filesystem;

/// Something that could not be read, and why.
struct Problem {
  std::string path;
  std::string cause;
};

/// What lies in a folder and the folders in it.
struct Listing {
  std::vector<fs::path> files;    ///< Regular files, relative to the folder, in ascending order.
  std::size_t links = 0;          ///< Symbolic links: not followed.
  std::size_t special = 0;        ///< Devices, pipes and sockets: not opened.
  std::vector<Problem> problems;  ///< Folders that could not be read.
};

struct ListOptions {
  /// Take folders called .git and build too.
  bool takes_all = false;
  /// A folder to leave out: where the results go.
  fs::path without{};
};

/// @throws std::runtime_error when `folder` itself cannot be listed.
Listing list_files(const fs::path& folder, const ListOptions& options);

/// A file cannot be read; `what` is the cause, without the path.
class ReadError : public std::runtime_error {
 public:
  ReadError(const fs::path& its_path, const std::string& cause) : std::runtime_error(cause), path_(its_path) {}
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

/// What a file is found to be.
struct FileInfo {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;   ///< Of the content.
  std::uint64_t lines = 0;  ///< 0 for binary files.
  std::string_view kind{};  ///< "C++", "text", "binary"; lives as long as the program.
};

/// Reads a file, a piece at a time.
///
/// @throws ReadError when it cannot be read.
/// @throws baton::Cancelled when the run of `context` is cancelled meanwhile.
FileInfo read_file(const fs::path& path, const baton::Context& context);

/// Whether two files hold the same bytes.
///
/// @throws as `read_file`.
bool have_same_content(const fs::path& a, const fs::path& b, const baton::Context& context);

}  // namespace indexer
