// SPDX-License-Identifier: MIT
#include <baton/observe/text.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Duration;
using baton::format_duration;
using baton::one_line;

TEST(OneLine, LeavesOrdinaryTextAlone) {
  for (const std::string text : {"", "load orders", "C:\\orders", "größer, 数据, 🎺", "a'b\"c<d>&"}) {
    EXPECT_EQ(one_line(text), text);
  }
}

TEST(OneLine, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(one_line("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(one_line("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(one_line(std::string("nul\0end", 7)), "nul\\x00end");
  EXPECT_EQ(one_line("\u009b31m"), "\\u009b31m");
  EXPECT_EQ(one_line("exe\u202etxt"), "exe\\u202etxt");
  EXPECT_EQ(one_line("line\u2028line"), "line\\u2028line");
}

TEST(OneLine, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(one_line("\xff"
                     "a"),
            "\\xffa");
  EXPECT_EQ(one_line("\xc3"), "\\xc3");                             // cut off
  EXPECT_EQ(one_line("\xc0\xaf"), "\\xc0\\xaf");                    // too long a way to write '/'
  EXPECT_EQ(one_line("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(one_line("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(one_line("\xe2\x82"
                     "a"),
            "\\xe2\\x82"
            "a");
}

TEST(FormatDuration, ShowsThreeDigitsInTheUnitThatFits) {
  const std::vector<std::pair<Duration, std::string>> cases{
      {0ns, "0 s"},
      {1ns, "1 ns"},
      {850ns, "850 ns"},
      {999ns, "999 ns"},
      {1us, "1 us"},
      {12'345ns, "12.3 us"},
      {999'499ns, "999 us"},
      {999'500ns, "1 ms"},
      {1'234'567ns, "1.23 ms"},
      {100ms, "100 ms"},
      {999'499us, "999 ms"},
      {1s, "1 s"},
      {1500ms, "1.5 s"},
      {9'994ms, "9.99 s"},
      {9'995ms, "10 s"},
      {41'234ms, "41.2 s"},
      {99'960ms, "100 s"},
      {120s, "120 s"},
      {75'846'960s, "75846960 s"},
      {-1500ms, "-1.5 s"},
  };
  for (const auto& [duration, text] : cases) EXPECT_EQ(format_duration(duration), text);
}

TEST(FormatDuration, TakesTheExtremes) {
  EXPECT_EQ(format_duration(Duration::max()), "9223372037 s");
  EXPECT_EQ(format_duration(Duration::min()), "-9223372037 s");
}

}  // namespace
