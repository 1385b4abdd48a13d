// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>

#include <cstdio>
#include <vector>

int main() {
  baton::Workflow flow{"order"};
  auto prices = flow.task("load prices", [] { return std::vector<double>{2.50, 1.20, 0.80}; });
  auto amounts = flow.task("load amounts", [] { return std::vector<int>{1, 5, 10}; });
  auto total = flow.task(
      "add up",
      [](const std::vector<double>& price, const std::vector<int>& amount) {
        double sum = 0;
        for (std::size_t i = 0; i < price.size(); ++i) sum += price[i] * amount[i];
        return sum;
      },
      prices, amounts);
  auto shipping = flow.task("choose shipping", [](double sum) { return sum < 20 ? 3.90 : 0.0; }, total);

  baton::Run run = baton::run(flow);
  std::printf("to pay: %.2f\n", run.get(total) + run.get(shipping));
}
