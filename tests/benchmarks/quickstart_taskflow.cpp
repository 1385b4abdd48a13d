// SPDX-License-Identifier: MIT
// The program of examples/quickstart.cpp for Taskflow, for compile_time.sh.
#include <taskflow/taskflow.hpp>

#include <cstdio>
#include <vector>

int main() {
  tf::Taskflow flow{"order"};
  std::vector<double> prices;
  std::vector<int> amounts;
  double total = 0;
  double shipping = 0;
  auto load_prices = flow.emplace([&] { prices = {2.50, 1.20, 0.80}; }).name("load prices");
  auto load_amounts = flow.emplace([&] { amounts = {1, 5, 10}; }).name("load amounts");
  auto add_up = flow.emplace([&] {
                      for (std::size_t i = 0; i < prices.size(); ++i) total += prices[i] * amounts[i];
                    })
                    .name("add up");
  auto choose_shipping = flow.emplace([&] { shipping = total < 20 ? 3.90 : 0.0; }).name("choose shipping");
  add_up.succeed(load_prices, load_amounts);
  choose_shipping.succeed(add_up);

  tf::Executor executor;
  executor.run(flow).wait();
  std::printf("to pay: %.2f\n", total + shipping);
}
