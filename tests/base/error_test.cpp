// SPDX-License-Identifier: MIT
#include <baton/base/error.hpp>

#include "support/messages.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace {

using baton::describe;
using baton::test::message_of;

namespace shop {
struct OutOfStock {
  int item;
};
}  // namespace shop

TEST(DefinitionError, TextIsALineForEachFault) {
  const baton::DefinitionError error("workflow 'nightly'", {"first fault", "second fault"});
  EXPECT_STREQ(error.what(), "workflow 'nightly': first fault\nworkflow 'nightly': second fault");
}

TEST(DefinitionError, KeepsTheFaultsInTheirOrder) {
  const baton::DefinitionError error("workflow", {"b", "a", "b"});
  EXPECT_EQ(error.faults(), (std::vector<std::string>{"b", "a", "b"}));
}

TEST(DefinitionError, CopyKeepsTextAndFaults) {
  const baton::DefinitionError error("plan 'x'", {"fault"});
  const baton::DefinitionError copy = error;
  EXPECT_STREQ(copy.what(), error.what());
  EXPECT_EQ(copy.faults(), error.faults());
}

TEST(Errors, AreCaughtByTheirCommonBase) {
  EXPECT_EQ(message_of<baton::Error>([] { throw baton::DefinitionError("workflow", {"fault"}); }), "workflow: fault");
  EXPECT_EQ(message_of<baton::Error>([] { throw baton::UsageError("wrong call"); }), "wrong call");
  EXPECT_EQ(message_of<baton::Error>([] { throw baton::Cancelled(); }), "cancelled");
  EXPECT_EQ(message_of<std::runtime_error>([] { throw baton::Cancelled("the user left"); }), "the user left");
}

TEST(Errors, AreDistinctKinds) {
  EXPECT_FALSE((std::is_base_of_v<baton::UsageError, baton::DefinitionError>));
  EXPECT_FALSE((std::is_base_of_v<baton::DefinitionError, baton::UsageError>));
  EXPECT_FALSE((std::is_base_of_v<baton::UsageError, baton::Cancelled>));
}

TEST(Describe, TellsTheTextOfAStandardException) {
  EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error("disk full"))), "disk full");
  EXPECT_EQ(describe(std::make_exception_ptr(std::bad_alloc())), "std::bad_alloc");
  EXPECT_EQ(describe(std::make_exception_ptr(baton::UsageError("wrong call"))), "wrong call");
}

TEST(Describe, TellsAnEmptyTextAsItIs) { EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error(""))), ""); }

TEST(Describe, TellsTheTypeOfAnythingElse) {
  EXPECT_EQ(describe(std::make_exception_ptr(7)), "an exception of type int");
  EXPECT_EQ(describe(std::make_exception_ptr(std::string("text"))), "an exception of type std::string");
  EXPECT_EQ(describe(std::make_exception_ptr("literal")), "an exception of type char const*");
  EXPECT_EQ(describe(std::make_exception_ptr(shop::OutOfStock{3})),
            "an exception of type (anonymous namespace)::shop::OutOfStock");
}

TEST(Describe, LeavesTheExceptionAsItWas) {
  const std::exception_ptr error = std::make_exception_ptr(std::logic_error("once"));
  EXPECT_EQ(describe(error), "once");
  EXPECT_EQ(describe(error), "once");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

}  // namespace
