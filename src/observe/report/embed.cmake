# SPDX-License-Identifier: MIT
# cmake -DSTYLE=FILE -DSCRIPTS=FILES -DOUTPUT=FILE -P embed.cmake: writes a C++ source with the page's style and script
# in it, and the hashes that its Content-Security-Policy allows them by. FILES are separated by commas and, as STYLE is,
# relative to the working directory.

# The base64 of the SHA-256 of a text, which CMake gives in hexadecimal only.
function(hash_of text result)
  set(digits A B C D E F G H I J K L M N O P Q R S T U V W X Y Z a b c d e f g h i j k l m n o p q r s t u v w x y z
      0 1 2 3 4 5 6 7 8 9 + /)
  string(SHA256 hex "${text}")
  string(APPEND hex "00")  # 33 bytes, so that the last group is whole; what it adds becomes the padding
  set(base64 "")
  foreach(at RANGE 0 63 6)
    string(SUBSTRING "${hex}" ${at} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR digit "(0x${group} >> ${shift}) & 63")
      list(GET digits ${digit} letter)
      string(APPEND base64 "${letter}")
    endforeach()
  endforeach()
  string(REGEX REPLACE ".$" "=" base64 "${base64}")
  set(${result} "sha256-${base64}" PARENT_SCOPE)
endfunction()

# A text without the carriage returns that a checkout may have added; a browser drops them before it hashes.
function(read_text file result)
  file(READ "${file}" text)
  string(REPLACE "\r\n" "\n" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# Definitions of `name` and `name`_hash. The bytes are written one by one: compilers limit the length of literals.
function(define name text result)
  file(WRITE "${OUTPUT}.part" "${text}")
  file(READ "${OUTPUT}.part" bytes HEX)
  file(REMOVE "${OUTPUT}.part")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "(.......)(.......)(.......)(.......)(.......)(.......)(.......)(.......)" "\\1\\2\\3\\4\\5\\6\\7\\8\n"
         bytes "${bytes}")
  hash_of("${text}" hash)
  set(${result} "
constexpr char ${name}_bytes[] = {
${bytes}};
const std::string_view ${name}{${name}_bytes, sizeof ${name}_bytes};
const std::string_view ${name}_hash{\"${hash}\"};
" PARENT_SCOPE)
endfunction()

get_filename_component(folder . ABSOLUTE)
read_text("${folder}/${STYLE}" style)
string(REPLACE "," ";" SCRIPTS "${SCRIPTS}")
set(script "(() => {\n'use strict';\n")
foreach(file IN LISTS SCRIPTS)
  read_text("${folder}/${file}" text)
  string(APPEND script "${text}")
endforeach()
string(APPEND script "})();\n")

define(report_style "${style}" style_definitions)
define(report_script "${script}" script_definitions)
file(WRITE "${OUTPUT}" "// Made by embed.cmake.
#include \"observe/report_assets.hpp\"

namespace baton::detail {
${style_definitions}${script_definitions}
}  // namespace baton::detail
")
