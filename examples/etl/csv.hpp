// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace etl {

/// Reads comma-separated values by RFC 4180, record by record: fields in quotes may hold commas, line ends, and quotes
/// that are written twice. Lines end with CRLF or LF; empty ones are left out.
///
/// A record is broken where a field in quotes does not end, or goes on behind its quotes, or where one without quotes
/// has some. Then its first line is given up, and the next record begins on the line after that.
class CsvReader {
 public:
  /// @param text  Outlives the reader.
  /// @param line  The number of its first line.
  explicit CsvReader(std::string_view text, std::uint32_t line = 1) : text_(text), next_line_(line) {}

  /// Goes to the next record. @returns false at the end.
  bool next();

  /// The line on which the record begins.
  [[nodiscard]] std::uint32_t line() const { return line_; }
  /// Why the record is broken; empty where it is not.
  [[nodiscard]] std::string_view fault() const { return fault_; }
  /// How many fields it has; of a broken record, nothing.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// A field, without its quotes; valid until the next record.
  [[nodiscard]] const std::string& operator[](std::size_t field) const { return fields_[field]; }

 private:
  bool skip_empty_lines();
  void read_record();
  bool read_field();
  bool read_quoted(std::string& field);
  void read_plain(std::string& field);
  [[nodiscard]] std::size_t line_end_at(std::size_t at) const;
  void give_up(std::size_t begin);

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t next_line_;
  std::uint32_t line_ = 0;
  std::string_view fault_;
  std::vector<std::string> fields_;  // as many as any record had, so that memory is used again
  std::size_t size_ = 0;
};

/// `text` as a field, in quotes where it needs them.
std::string csv_field(std::string_view text);

}  // namespace etl
