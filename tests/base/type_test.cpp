// SPDX-License-Identifier: MIT
#include <baton/base/type.hpp>

#include "support/counted.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using baton::readable_name;
using baton::same_type;
using baton::type_of;

struct alignas(64) Wide {
  char byte;
};

TEST(TypeOf, TellsIdentityAndLayout) {
  EXPECT_EQ(*type_of<std::string>()->id, typeid(std::string));
  EXPECT_EQ(type_of<std::string>()->size, sizeof(std::string));
  EXPECT_EQ(type_of<Wide>()->alignment, 64U);
  EXPECT_EQ(type_of<Wide>()->size, 64U);
}

TEST(TypeOf, VoidHasNoValue) {
  EXPECT_EQ(*type_of<void>()->id, typeid(void));
  EXPECT_EQ(type_of<void>()->size, 0U);
  EXPECT_EQ(type_of<void>()->alignment, 1U);
  EXPECT_EQ(type_of<void>()->destroy, nullptr);
  EXPECT_EQ(type_of<void>()->move, nullptr);
}

TEST(TypeOf, TrivialValuesNeedNoEnd) {
  EXPECT_EQ(type_of<int>()->destroy, nullptr);
  EXPECT_NE(type_of<std::string>()->destroy, nullptr);
}

TEST(TypeOf, MovesAndDestroysValues) {
  baton::test::Tally tally;
  alignas(baton::test::Counted) std::byte places[2][sizeof(baton::test::Counted)];
  const baton::TypeRef type = type_of<baton::test::Counted>();
  ::new (static_cast<void*>(places[0])) baton::test::Counted(tally, 5);
  type->move(places[1], places[0]);
  EXPECT_EQ(std::launder(reinterpret_cast<baton::test::Counted*>(places[1]))->value(), 5);
  EXPECT_EQ(tally.alive, 2);
  type->destroy(places[0]);
  type->destroy(places[1]);
  EXPECT_EQ(tally.alive, 0);
  EXPECT_EQ(tally.copies, 0);
}

TEST(TypeOf, TakesTypesThatOnlyMove) {
  auto from = std::make_unique<int>(3);
  alignas(std::unique_ptr<int>) std::byte place[sizeof(from)];
  type_of<std::unique_ptr<int>>()->move(place, &from);
  EXPECT_EQ(from, nullptr);
  EXPECT_EQ(**std::launder(reinterpret_cast<std::unique_ptr<int>*>(place)), 3);
  type_of<std::unique_ptr<int>>()->destroy(place);
}

TEST(SameType, ComparesTheTypeAndNotTheDescription) {
  const baton::TypeInfo of_another_library = *type_of<int>();
  EXPECT_TRUE(same_type(type_of<int>(), type_of<int>()));
  EXPECT_TRUE(same_type(type_of<int>(), &of_another_library));
  EXPECT_FALSE(same_type(type_of<int>(), type_of<unsigned>()));
  EXPECT_FALSE(same_type(type_of<int>(), type_of<void>()));
}

TEST(ReadableName, IsWhatAPersonWrites) {
  EXPECT_EQ(readable_name(typeid(int)), "int");
  EXPECT_EQ(readable_name(typeid(void)), "void");
  EXPECT_EQ(readable_name(typeid(std::string)), "std::string");
  EXPECT_EQ(readable_name(typeid(baton::TypeInfo)), "baton::TypeInfo");
}

TEST(ReadableName, LeavesOutDefaultArgumentsOfContainers) {
  EXPECT_EQ(readable_name(typeid(std::vector<int>)), "std::vector<int>");
  EXPECT_EQ(readable_name(typeid(std::vector<std::string>)), "std::vector<std::string>");
  EXPECT_EQ(readable_name(typeid(std::map<std::string, std::vector<double>>)),
            "std::map<std::string, std::vector<double>>");
}

}  // namespace
