// SPDX-License-Identifier: MIT
#include "generate.hpp"

#include "../random.hpp"
#include "../table.hpp"
#include "csv.hpp"
#include "orders.hpp"
#include "state.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace etl {
namespace {

struct Country {
  std::string_view name;
  std::string_view currency;
};
constexpr std::array<Country, 9> countries{{{"DE", "EUR"},
                                            {"FR", "EUR"},
                                            {"ES", "EUR"},
                                            {"US", "USD"},
                                            {"GB", "GBP"},
                                            {"JP", "JPY"},
                                            {"CH", "CHF"},
                                            {"SE", "SEK"},
                                            {"PL", "PLN"}}};

constexpr std::string_view rates = R"({
  "base": "EUR",
  "rates": {"USD": "0.921500", "GBP": "1.172345", "JPY": "0.006127", "CHF": "1.0413", "SEK": "0.087", "PLN": "0.2331"}
}
)";

std::string padded(std::uint64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

/// An order as the fields of a line.
struct Line {
  std::string order, customer, date, currency, amount, note;

  [[nodiscard]] std::string text() const {
    return order + ',' + customer + ',' + date + ',' + currency + ',' + amount + ',' + note;
  }
};

class Generator {
 public:
  explicit Generator(const GenerateSettings& settings)
      : settings_(settings), customers_(std::clamp<std::size_t>(settings.orders / 20, 10, 50'000)) {
    // At least some, and at most one in 500.
    broken_every_ = std::clamp<std::size_t>(settings.orders / 16, 3, 500);
  }

  [[nodiscard]] std::string customers() const {
    std::string text = "[\n";
    for (std::uint64_t id = 1; id <= customers_; ++id) {
      text += R"(  {"id": )" + std::to_string(id) + R"(, "name": "Customer )" + std::to_string(id) +
              R"(", "country": ")" + std::string(country_of(id).name) + (id == customers_ ? "\"}\n" : "\"},\n");
    }
    return text + "]\n";
  }

  /// Every other file has lines that end as on Windows, and every fourth begins with a mark of the byte order.
  [[nodiscard]] std::string orders(std::size_t file) const {
    const std::string_view end = file % 2 == 1 ? "\r\n" : "\n";
    std::string text = file % 4 == 3 ? "\xEF\xBB\xBF" : "";
    text.append(orders_header).append(end);
    const std::size_t last = settings_.orders * (file + 1) / settings_.files;
    for (std::size_t i = settings_.orders * file / settings_.files; i < last; ++i) text.append(line(i)).append(end);
    if (file == 0) text += R"(7,1,2026-01-01,EUR,1.00,"this is where the disk was full)";
    return text;
  }

 private:
  [[nodiscard]] const Country& country_of(std::uint64_t customer) const {
    return countries[examples::Random(settings_.seed, "customer " + std::to_string(customer)).below(countries.size())];
  }

  [[nodiscard]] std::string line(std::size_t index) const {
    examples::Random random(settings_.seed ^ ((index + 1) * 0xD1342543DE82EF95U));
    const std::uint64_t customer = 1 + random.below(customers_);
    Line line;
    line.order = std::to_string(index + 1);
    line.customer = std::to_string(customer);
    line.date = "2026-" + padded(1 + random.below(12), 2) + '-' + padded(1 + random.below(28), 2);
    line.currency = settings_.is_domestic ? "EUR" : std::string(country_of(customer).currency);
    line.amount = examples::format_money(static_cast<std::int64_t>(1 + random.below(50'000)));
    line.note = note(random);
    const std::size_t place = index / broken_every_;
    return index % broken_every_ == broken_every_ - 1 ? spoil(std::move(line), place) : line.text();
  }

  static std::string note(examples::Random& random) {
    switch (random.below(16)) {
      case 0:
        return csv_field("a gift, to be wrapped");
      case 1:
        return csv_field("write \"for Ann\" on it");
      case 2:
        return csv_field("ring twice\nor leave it\r\nat the door");
      case 3:
        return "\"\"";
      case 4:
        return "größer 数据";
      default:
        return "";
    }
  }

  [[nodiscard]] std::string spoil(Line line, std::size_t which) const {
    switch (which % 8) {
      case 0:
        return line.order + ',' + line.customer;
      case 1:
        line.amount = "\"12,50\"";
        break;
      case 2:
        line.date = "2026-02-30";
        break;
      case 3:
        line.customer = "99999999";
        break;
      case 4:
        line.currency = settings_.is_domestic ? "eur" : "XXX";
        break;
      case 5:
        line.note = "\"wrap\" it";
        break;
      case 6:
        line.amount = "-5.00";
        break;
      default:
        line.order += " copy";
        break;
    }
    return line.text();
  }

  GenerateSettings settings_;
  std::size_t customers_;
  std::size_t broken_every_ = 0;
};

void make_empty_folder(const fs::path& folder) {
  const std::string shown = baton::one_line(folder.string());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw std::runtime_error(shown + ": cannot be made: " + error.message());
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("orders-")) {
      throw std::runtime_error(shown + ": has orders already; choose another folder, or empty it");
    }
  }
}

}  // namespace

void generate(const fs::path& folder, const GenerateSettings& settings) {
  make_empty_folder(folder);
  const Generator generator(settings);
  const auto name = [](std::size_t file) { return "orders-" + padded(file + 1, 4) + ".csv"; };
  write_file(folder / "customers.json", generator.customers());
  write_file(folder / "rates.json", std::string(rates));
  for (std::size_t file = 0; file < settings.files; ++file) write_file(folder / name(file), generator.orders(file));
  // What one gets where nobody looks at the status of an answer.
  write_file(folder / name(settings.files), "<html><body>502 Bad Gateway</body></html>\n");
}

}  // namespace etl
