// SPDX-License-Identifier: MIT
#include "state.hpp"

#include <baton/observe/text.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace etl {
namespace {

using nlohmann::json;

constexpr int version = 1;

json to_json(const SourceFile& file) { return {{"name", file.name}, {"size", file.size}, {"modified", file.modified}}; }

SourceFile file_of(const json& value) {
  return {value.at("name").get<std::string>(), value.at("size").get<std::uint64_t>(),
          value.at("modified").get<std::int64_t>()};
}

json to_json(const FileResult& result) {
  json totals = json::object();
  for (const auto& [country, total] : result.totals) totals[country] = {total.orders, total.foreign, total.cents};
  json rejects = json::array();
  for (const Reject& reject : result.rejects) rejects.push_back({reject.line, reject.reason});
  return {{"file", to_json(result.file)}, {"totals", totals}, {"rejects", rejects}};
}

FileResult result_of(const json& value) {
  FileResult result;
  result.file = file_of(value.at("file"));
  for (const auto& [country, total] : value.at("totals").items()) {
    result.totals[country] = {total.at(0).get<std::uint64_t>(), total.at(1).get<std::uint64_t>(),
                              total.at(2).get<std::int64_t>()};
  }
  for (const json& reject : value.at("rejects")) {
    result.rejects.push_back({reject.at(0).get<std::uint32_t>(), reject.at(1).get<std::string>()});
  }
  return result;
}

}  // namespace

std::optional<State> read_state(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  try {
    const json all = json::parse(file);
    if (all.at("version") != version) throw std::runtime_error("it is of another version");
    State state;
    state.customers = file_of(all.at("customers"));
    if (!all.at("rates").is_null()) state.rates = file_of(all.at("rates"));
    for (const json& result : all.at("files")) state.files.push_back(result_of(result));
    return state;
  } catch (const std::exception& fault) {
    throw std::runtime_error(baton::one_line(path.string()) + ": " + baton::one_line(fault.what()));
  }
}

std::string to_json(const SourceFile& customers, const std::optional<SourceFile>& rates,
                    const std::vector<FileResult>& files) {
  json list = json::array();
  for (const FileResult& result : files) {
    if (result.problem.empty()) list.push_back(to_json(result));
  }
  const json all{{"version", version},
                 {"customers", to_json(customers)},
                 {"rates", rates ? to_json(*rates) : json(nullptr)},
                 {"files", std::move(list)}};
  // A name that is no UTF-8 comes back otherwise, and its file is loaded again.
  return all.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

void write_file(const fs::path& path, const std::string& text) {
  const fs::path half = path.string() + ".new";
  std::error_code error;
  std::ofstream file(half, std::ios::binary);
  file << text;
  file.close();
  if (file) fs::rename(half, path, error);
  if (file && !error) return;
  fs::remove(half, error);
  throw std::runtime_error(baton::one_line(path.string()) + ": cannot be written");
}

}  // namespace etl
