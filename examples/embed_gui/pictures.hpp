// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>
#include <baton/graph/workflow.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pictures {

/// Shades of grey, row by row.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> pixels;
};

/// A contact sheet of made-up pictures: each is read (which waits, as for a disk), blurred in strips, and made small.
struct ContactSheet {
  baton::Workflow flow{"contact sheet"};
  baton::Task<Picture> sheet;
  baton::Task<std::uint32_t> checksum;  ///< Of the sheet; the same each time.
};

/// @param reading  How long the first picture takes to be read; the others take a little longer each.
ContactSheet make_contact_sheet(baton::Duration reading);

}  // namespace pictures
