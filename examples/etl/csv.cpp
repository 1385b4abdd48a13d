// SPDX-License-Identifier: MIT
#include "csv.hpp"

#include <algorithm>

namespace etl {

bool CsvReader::next() {
  size_ = 0;
  fault_ = {};
  if (!skip_empty_lines()) return false;
  line_ = next_line_;
  const std::size_t begin = at_;
  read_record();
  if (fault_.empty()) {
    next_line_ += static_cast<std::uint32_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(begin),
                                                        text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
  } else {
    give_up(begin);
  }
  return true;
}

bool CsvReader::skip_empty_lines() {
  while (const std::size_t end = line_end_at(at_)) {
    at_ += end;
    ++next_line_;
  }
  return at_ < text_.size();
}

/// How long the line end at `at` is; 0 where there is none.
std::size_t CsvReader::line_end_at(std::size_t at) const {
  if (text_.substr(at, 1) == "\n") return 1;
  return text_.substr(at, 2) == "\r\n" ? 2 : 0;
}

void CsvReader::read_record() {
  while (read_field()) {
    if (at_ == text_.size()) return;
    if (const std::size_t end = line_end_at(at_)) {
      at_ += end;
      return;
    }
    ++at_;  // the comma
  }
}

/// @returns whether what follows is a comma or the end of the record.
bool CsvReader::read_field() {
  if (size_ == fields_.size()) fields_.emplace_back();
  std::string& field = fields_[size_++];
  field.clear();
  if (text_.substr(at_, 1) == "\"") {
    if (!read_quoted(field)) return false;
    if (at_ == text_.size() || text_[at_] == ',' || line_end_at(at_) != 0) return true;
    fault_ = "a field goes on behind its quotes";
    return false;
  }
  read_plain(field);
  if (text_.substr(at_, 1) == "\"") fault_ = "there is a quote inside a field without quotes";
  return fault_.empty();
}

bool CsvReader::read_quoted(std::string& field) {
  for (++at_;; ++at_) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      fault_ = "a quote is not closed";
      return false;
    }
    field.append(text_, at_, quote - at_);
    at_ = quote + 1;
    if (text_.substr(at_, 1) != "\"") return true;
    field += '"';
  }
}

void CsvReader::read_plain(std::string& field) {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '"' && line_end_at(at_) == 0) ++at_;
  field.append(text_, begin, at_ - begin);
}

void CsvReader::give_up(std::size_t begin) {
  size_ = 0;
  const std::size_t end = text_.find('\n', begin);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  ++next_line_;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

}  // namespace etl
