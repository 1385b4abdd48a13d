// SPDX-License-Identifier: MIT
#include "pictures.hpp"

#include <baton/baton.hpp>

#include <algorithm>
#include <string>

namespace pictures {
namespace {

constexpr std::size_t width = 1024;
constexpr std::size_t height = 768;
// A body holds the loop for as long as it takes, so the work is cut until each piece fits into a frame many times.
constexpr std::size_t strip_count = 6;
constexpr std::size_t picture_count = 6;
constexpr std::size_t shrinking = 16;

/// Stands for a file: noise with a pattern in it.
Picture read_picture(std::uint32_t seed) {
  Picture picture{width, height, std::vector<std::uint8_t>(width * height)};
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    const bool is_light = ((i % width) / 32 + i / width / 32 + seed) % 2 == 0;
    picture.pixels[i] = static_cast<std::uint8_t>((state >> 26) + (is_light ? 160U : 20U));
  }
  return picture;
}

/// The mean of the square around a pixel.
std::uint8_t mean_around(const Picture& picture, std::size_t x, std::size_t y) {
  constexpr std::size_t radius = 3;
  std::uint32_t sum = 0;
  std::uint32_t count = 0;
  for (std::size_t row = y < radius ? 0 : y - radius; row <= std::min(y + radius, picture.height - 1); ++row) {
    for (std::size_t column = x < radius ? 0 : x - radius; column <= std::min(x + radius, picture.width - 1);
         ++column) {
      sum += picture.pixels[row * picture.width + column];
      ++count;
    }
  }
  return static_cast<std::uint8_t>(sum / count);
}

/// The rows of one strip of the picture, blurred.
Picture blur_strip(const Picture& picture, std::size_t strip) {
  const std::size_t first = picture.height * strip / strip_count;
  const std::size_t end = picture.height * (strip + 1) / strip_count;
  Picture blurred{picture.width, end - first, {}};
  blurred.pixels.reserve(blurred.width * blurred.height);
  for (std::size_t y = first; y < end; ++y) {
    for (std::size_t x = 0; x < picture.width; ++x) blurred.pixels.push_back(mean_around(picture, x, y));
  }
  return blurred;
}

/// Pictures of the same width below each other.
Picture join(const baton::Values<Picture>& parts) {
  Picture joined;
  for (const Picture& part : parts) {
    joined.width = part.width;
    joined.height += part.height;
    joined.pixels.insert(joined.pixels.end(), part.pixels.begin(), part.pixels.end());
  }
  return joined;
}

Picture shrink(const Picture& picture) {
  Picture small{picture.width / shrinking, picture.height / shrinking, {}};
  small.pixels.reserve(small.width * small.height);
  for (std::size_t y = 0; y < small.height; ++y) {
    for (std::size_t x = 0; x < small.width; ++x) {
      small.pixels.push_back(picture.pixels[y * shrinking * picture.width + x * shrinking]);
    }
  }
  return small;
}

std::uint32_t checksum(const Picture& picture) {
  std::uint32_t sum = 2166136261U;
  for (const std::uint8_t pixel : picture.pixels) sum = (sum ^ pixel) * 16777619U;
  return sum;
}

}  // namespace

ContactSheet make_contact_sheet(baton::Duration reading) {
  ContactSheet made;
  std::vector<baton::Task<Picture>> small;
  small.reserve(picture_count);
  for (std::uint32_t number = 1; number <= picture_count; ++number) {
    const std::string name = "picture " + std::to_string(number);
    const auto read = [number, time = reading * (number + 4) / 5](baton::Context& context) {
      context.park_for(time);
      return read_picture(number);
    };
    const auto picture = made.flow.task("read " + name, read);
    std::vector<baton::Task<Picture>> strips;
    strips.reserve(strip_count);
    for (std::size_t strip = 0; strip < strip_count; ++strip) {
      const auto blur = [strip](const Picture& whole) { return blur_strip(whole, strip); };
      strips.push_back(made.flow.task("blur " + name + ", strip " + std::to_string(strip + 1), blur, picture));
    }
    const auto blurred = made.flow.task("join " + name, join, strips);
    small.push_back(made.flow.task("shrink " + name, shrink, blurred));
    made.flow.task("check " + name, checksum, blurred);
  }
  made.sheet = made.flow.task("contact sheet", join, small);
  made.checksum = made.flow.task("check the sheet", checksum, made.sheet);
  return made;
}

}  // namespace pictures
