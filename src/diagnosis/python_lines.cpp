#include "diagnosis/python_lines.hpp"

#include <cstdint>

namespace devstack::diagnosis {

namespace {

std::uint8_t byte_at(std::string_view table, std::size_t at) {
    return at < table.size() ? static_cast<std::uint8_t>(table[at]) : 0;
}

int signed_byte_at(std::string_view table, std::size_t at) {
    return static_cast<std::int8_t>(byte_at(table, at));
}

/// 3.8, 3.9: pairs of what is added to the offset and to the line.
int find_in_lnotab(std::string_view table, int line, int offset) {
    int at = 0;
    for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
        at += byte_at(table, i);
        if (at > offset) break;
        line += signed_byte_at(table, i + 1);
    }
    return line;
}

/// 3.10: pairs of how many bytes belong to the line, and what is added to the line before them.
int find_in_pairs(std::string_view table, int line, int offset) {
    constexpr int no_line = -128;
    int at = 0;
    for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
        const int delta = signed_byte_at(table, i + 1);
        if (delta != no_line) line += delta;
        at += byte_at(table, i);
        if (offset < at) return delta == no_line ? 0 : line;
    }
    return 0;
}

/// Six bits at a time, the lowest first.
unsigned take_number(std::string_view table, std::size_t& at) {
    constexpr unsigned more = 0x40;
    constexpr unsigned bits = 6;
    unsigned value = 0;
    for (unsigned shift = 0; at < table.size() && shift < 32; shift += bits) {
        const unsigned byte = byte_at(table, at++);
        value |= (byte & (more - 1)) << shift;
        if ((byte & more) == 0) break;
    }
    return value;
}

int take_signed_number(std::string_view table, std::size_t& at) {
    const unsigned value = take_number(table, at);
    const int size = static_cast<int>(value >> 1U);
    return (value & 1U) != 0 ? -size : size;
}

/// 3.11 and later: entries with a kind, a number of instructions, and a place in the source.
int find_in_locations(std::string_view table, int line, int offset) {
    constexpr int no_location = 15;
    constexpr int long_form = 14;
    constexpr int no_columns = 13;
    constexpr int first_one_line = 10;
    constexpr int instruction_size = 2;
    int end = 0;
    for (std::size_t at = 0; at < table.size();) {
        const unsigned head = byte_at(table, at++);
        const int kind = static_cast<int>(head >> 3U) & 15;
        end += (static_cast<int>(head & 7U) + 1) * instruction_size;
        if (kind == long_form) {
            line += take_signed_number(table, at);
            for (int i = 0; i < 3; ++i)
                (void)take_number(table, at);
        } else if (kind == no_columns) {
            line += take_signed_number(table, at);
        } else if (kind >= first_one_line && kind != no_location) {
            line += kind - first_one_line;
            at += 2;
        } else if (kind != no_location) {
            ++at;
        }
        if (offset < end) return kind == no_location ? 0 : line;
    }
    return 0;
}

}  // namespace

int find_python_line(int minor, std::string_view table, int first_line, int offset) {
    constexpr int with_pairs = 10;
    if (minor < with_pairs) return find_in_lnotab(table, first_line, offset);
    if (minor == with_pairs) return find_in_pairs(table, first_line, offset);
    return find_in_locations(table, first_line, offset);
}

}  // namespace devstack::diagnosis
