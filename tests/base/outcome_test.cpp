// SPDX-License-Identifier: MIT
#include <baton/base/outcome.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using baton::Maybe;
using baton::Outcome;
using baton::TaskState;

std::exception_ptr an_error() { return std::make_exception_ptr(std::runtime_error("no paper")); }

TEST(Outcome, HasItsValue) {
  const Outcome<std::string> outcome(std::string("page"));
  EXPECT_TRUE(outcome.succeeded());
  EXPECT_EQ(outcome.state(), TaskState::succeeded);
  EXPECT_EQ(outcome.value(), "page");
  EXPECT_EQ(outcome.error(), nullptr);
}

TEST(Outcome, AskedForAValueThatIsNotThereSaysHowItEnded) {
  const Outcome<int> failed(TaskState::failed, an_error());
  EXPECT_FALSE(failed.succeeded());
  try {
    static_cast<void>(failed.value());
    FAIL() << "no value, no error";
  } catch (const baton::UsageError& error) {
    EXPECT_STREQ(error.what(), "this outcome has no value: it is failed (no paper); ask succeeded() first");
  }
  EXPECT_THROW(static_cast<void>(Outcome<int>(TaskState::skipped).value()), baton::UsageError);
}

TEST(Outcome, MovesAMoveOnlyValueOut) {
  Outcome<std::unique_ptr<int>> outcome(std::make_unique<int>(7));
  EXPECT_EQ(*std::move(outcome).value(), 7);
}

TEST(Outcome, OfAReferenceBecomesOneOfItsOwn) {
  const std::string page = "page";
  const Outcome<std::string> copy = Outcome<const std::string&>(TaskState::succeeded, &page, nullptr);
  EXPECT_EQ(copy.value(), "page");
  const Outcome<std::string> failed = Outcome<const std::string&>(TaskState::failed, nullptr, an_error());
  EXPECT_EQ(failed.state(), TaskState::failed);
  EXPECT_NE(failed.error(), nullptr);
}

TEST(Maybe, IsAPointerThatConverts) {
  const int seven = 7;
  EXPECT_EQ(*Maybe<int>(&seven), 7);
  EXPECT_EQ(std::optional<int>(Maybe<int>(&seven)), 7);
  EXPECT_EQ(std::optional<int>(Maybe<int>(nullptr)), std::nullopt);
  EXPECT_EQ(Maybe<int>(nullptr).value_or(3), 3);
}

}  // namespace
