// SPDX-License-Identifier: MIT
#include <baton/base/error.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/text.hpp>

#include "base/characters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <set>
#include <span>

namespace baton {
namespace {

// All that baton shows itself, so that a number of the host's cannot be taken for one of them.
constexpr std::array<std::string_view, 13> own_names{
    "baton_runs_running",
    "baton_runs_ended_total",
    "baton_tasks",
    "baton_tasks_ended_total",
    "baton_task_waits_total",
    "baton_task_queue_seconds",
    "baton_task_queue_seconds_bucket",
    "baton_task_queue_seconds_sum",
    "baton_task_queue_seconds_count",
    "baton_task_run_seconds",
    "baton_task_run_seconds_bucket",
    "baton_task_run_seconds_sum",
    "baton_task_run_seconds_count",
};
constexpr std::array<std::string_view, 4> own_labels{"state", "outcome", "reason", "le"};

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Whether `name` consists of letters, digits, and the characters of `others`, and does not begin with a digit.
bool is_name(std::string_view name, std::string_view others) {
  const auto fits = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), fits);
}

std::string quoted(std::string_view name) { return std::string("'").append(one_line(name)).append("'"); }

/// The same on every computer, whatever the locale is.
template <typename... Format>
std::string show(double value, Format... format) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value, format...);
  return {text.data(), result.ptr};
}

/// `0.000025`
std::string show_bound(Duration bound) {
  return show(std::chrono::duration<double>(bound).count(), std::chars_format::fixed);
}

/// `text` with what ends a line, and a backslash, escaped; in values of labels (`quotes`) quotation marks too.
std::string escape(std::string_view text, bool quotes) {
  std::string escaped;
  escaped.reserve(text.size());
  detail::for_each_character(text, [&](const detail::Character& character) {
    if (!character.valid) {
      escaped += "\xEF\xBF\xBD";
    } else if (character.code == U'\n') {
      escaped += "\\n";
    } else {
      if (character.code == U'\\' || (quotes && character.code == U'"')) escaped += '\\';
      escaped += character.bytes;
    }
  });
  return escaped;
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escape(value, true) + '"';
}

void check_label(const std::string& name, std::set<std::string_view>& seen) {
  const std::string text = "to_prometheus: the label " + quoted(name);
  if (!is_name(name, "")) throw UsageError(text + " is not made of letters, digits and _; rename it");
  if (name.starts_with("__")) throw UsageError(text + " begins with __, which Prometheus keeps for itself; rename it");
  if (contains(own_labels, name)) throw UsageError(text + " is one that baton gives itself; rename it");
  if (!seen.insert(name).second) throw UsageError(text + " is given twice; leave one out");
}

/// Writes families of metrics one after the other.
class Writer {
 public:
  explicit Writer(const MetricLabels& labels) {
    std::set<std::string_view> seen;
    for (const auto& [name, value] : labels) {
      check_label(name, seen);
      if (!labels_.empty()) labels_ += ',';
      labels_ += label(name, value);
    }
  }

  void begin(std::string_view name, std::string_view help, std::string_view type) {
    name_ = name;
    if (!help.empty()) text_.append("# HELP ").append(name_).append(" ").append(escape(help, false)).append("\n");
    text_.append("# TYPE ").append(name_).append(" ").append(type).append("\n");
  }

  void sample(std::string_view suffix, const std::string& own_label, const std::string& value) {
    text_.append(name_).append(suffix);
    if (!labels_.empty() || !own_label.empty()) {
      text_ += '{' + labels_ + (labels_.empty() || own_label.empty() ? "" : ",") + own_label + '}';
    }
    text_ += ' ' + value + '\n';
  }

  template <typename State, std::size_t size>
  void by_state(std::string_view label_name, const std::array<std::uint64_t, size>& counts,
                std::initializer_list<State> states) {
    for (const State state : states) {
      sample("", label(label_name, to_string(state)), std::to_string(counts[static_cast<std::size_t>(state)]));
    }
  }

  void histogram(const DurationHistogram& histogram) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
      count += histogram.counts[i];
      const bool is_last = i == DurationHistogram::bound_count;
      const std::string bound = is_last ? "+Inf" : show_bound(DurationHistogram::bounds()[i]);
      sample("_bucket", label("le", bound), std::to_string(count));
    }
    sample("_sum", "", show(histogram.sum_seconds));
    sample("_count", "", std::to_string(count));
  }

  [[nodiscard]] std::string finish() { return std::move(text_); }

 private:
  std::string labels_;
  std::string name_;
  std::string text_;
};

void write_runs(Writer& writer, const MetricsSnapshot& snapshot) {
  using enum RunState;
  writer.begin("baton_runs_running", "Runs that have not ended.", "gauge");
  writer.sample("", "", std::to_string(snapshot.runs[static_cast<std::size_t>(running)]));
  writer.begin("baton_runs_ended_total", "Runs that have ended, by outcome.", "counter");
  writer.by_state("outcome", snapshot.runs, {succeeded, failed, cancelled});
}

void write_tasks(Writer& writer, const MetricsSnapshot& snapshot) {
  using enum TaskState;
  writer.begin("baton_tasks", "Tasks of running runs that wait, are ready or run.", "gauge");
  writer.by_state("state", snapshot.tasks, {waiting, ready, running});
  writer.begin("baton_tasks_ended_total", "Tasks that have ended, by outcome.", "counter");
  writer.by_state("outcome", snapshot.tasks, {succeeded, failed, skipped, omitted, cancelled});
  writer.begin("baton_task_waits_total", "Times that a task was put aside, by what it waited for.", "counter");
  writer.by_state(
      "reason", snapshot.waits,
      {WaitReason::resource, WaitReason::timer, WaitReason::child, WaitReason::executor, WaitReason::retry});
  writer.begin("baton_task_queue_seconds", "From being ready to the call of the body.", "histogram");
  writer.histogram(snapshot.queue_time);
  writer.begin("baton_task_run_seconds", "From the call of the body to the outcome.", "histogram");
  writer.histogram(snapshot.run_time);
}

}  // namespace

void MetricsSnapshot::add(std::string_view name, std::string_view help, double value, MetricKind kind) {
  const std::string text = "MetricsSnapshot::add: the name " + quoted(name);
  if (!is_name(name, ":")) {
    throw UsageError(text + " is not made of letters, digits, _ and :, or begins with a digit; rename it");
  }
  if (contains(own_names, name)) throw UsageError(text + " is one of baton's own metrics; rename it");
  const auto has_name = [&](const Metric& metric) { return metric.name == name; };
  if (std::any_of(others.begin(), others.end(), has_name)) {
    throw UsageError(text + " was added before; add the sum, or rename one");
  }
  others.push_back({std::string(name), std::string(help), value, kind});
}

MetricsSnapshot& MetricsSnapshot::operator+=(const MetricsSnapshot& other) {
  std::vector<Metric> all = others;  // first what may throw
  for (const Metric& metric : other.others) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Metric& mine) { return mine.name == metric.name; });
    if (found == all.end()) {
      all.push_back(metric);
    } else {
      found->value += metric.value;
    }
  }
  others = std::move(all);
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i] += other.runs[i];
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i] += other.tasks[i];
  for (std::size_t i = 0; i < waits.size(); ++i) waits[i] += other.waits[i];
  queue_time += other.queue_time;
  run_time += other.run_time;
  return *this;
}

std::string to_prometheus(const MetricsSnapshot& snapshot, const MetricLabels& labels) {
  Writer writer(labels);
  write_runs(writer, snapshot);
  write_tasks(writer, snapshot);
  for (const Metric& metric : snapshot.others) {
    writer.begin(metric.name, metric.help, metric.kind == MetricKind::counter ? "counter" : "gauge");
    writer.sample("", "", show(metric.value));
  }
  return writer.finish();
}

}  // namespace baton
