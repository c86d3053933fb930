#include "diagnosis/go_functions.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

namespace devstack::diagnosis {

namespace {

constexpr std::uint32_t magic_1_18 = 0xFFFFFFF0;
constexpr std::uint32_t magic_1_20 = 0xFFFFFFF1;
constexpr std::uint64_t word = 8;

// What is where in a function's description (type _func in runtime/runtime2.go).
constexpr std::uint64_t name_field = 4;
constexpr std::uint64_t stack_field = 16;
constexpr std::uint64_t file_field = 20;
constexpr std::uint64_t line_field = 24;
constexpr std::uint64_t tables_field = 28;
constexpr std::uint64_t unit_field = 32;

// Which of its further tables, and of its data, tells what has been put into it (internal/abi).
constexpr std::uint32_t inlined_table = 2;
constexpr std::uint32_t inlined_data = 3;

/// A number of seven bits a byte, the lowest first.
std::optional<std::uint32_t> take_number(std::string_view& bytes) {
    std::uint32_t number = 0;
    for (unsigned shift = 0; shift < 32 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        number |= (byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) return number;
    }
    return std::nullopt;
}

}  // namespace

template <typename T>
T GoFunctions::read(std::uint64_t at) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const bool is_inside = at <= table_.size() && table_.size() - at >= sizeof value;
    if (is_inside) std::memcpy(&value, table_.data() + at, sizeof value);
    return value;
}

std::string GoFunctions::text(std::uint64_t at) const {
    constexpr std::size_t size_max = 1024;
    if (at >= table_.size()) return "";
    const std::string_view rest = table_.substr(at, size_max);
    const auto end = rest.find('\0');
    return end == rest.npos ? "" : std::string{rest.substr(0, end)};
}

std::optional<GoFunctions> GoFunctions::open(std::string_view table) {
    GoFunctions functions{table};
    const auto magic = functions.read<std::uint32_t>(0);
    functions.is_of_1_20_ = magic == magic_1_20;
    functions.unit_ = functions.read<std::uint8_t>(6);
    const bool is_known = (magic == magic_1_18 || magic == magic_1_20) &&
                          functions.read<std::uint16_t>(4) == 0 &&
                          functions.read<std::uint8_t>(7) == word;
    const bool has_unit = functions.unit_ == 1 || functions.unit_ == 4;
    if (!is_known || !has_unit) return std::nullopt;
    const auto field = [&](std::uint64_t index) {
        return functions.read<std::uint64_t>(word + index * word);
    };
    functions.count_ = field(0);
    functions.names_ = field(3);
    functions.units_ = field(4);
    functions.files_ = field(5);
    functions.values_ = field(6);
    functions.functions_ = field(7);
    const std::uint64_t size = table.size();
    for (const std::uint64_t it : {functions.names_,
                                   functions.units_,
                                   functions.files_,
                                   functions.values_,
                                   functions.functions_}) {
        if (it >= size) return std::nullopt;
    }
    // Each entry has two numbers; behind the last one is where it ends.
    const bool has_room = functions.count_ > 0 && functions.count_ < size / word &&
                          functions.count_ * word + 4 <= size - functions.functions_;
    return has_room ? std::optional{functions} : std::nullopt;
}

std::optional<GoFunctions::Function> GoFunctions::find(std::uint64_t offset) const {
    const auto entry = [&](std::uint64_t index) {
        return read<std::uint32_t>(functions_ + index * word);
    };
    if (offset < entry(0) || offset >= entry(count_)) return std::nullopt;
    std::uint64_t first = 0;
    std::uint64_t end = count_;
    while (end - first > 1) {
        const std::uint64_t middle = first + (end - first) / 2;
        (entry(middle) <= offset ? first : end) = middle;
    }
    Function function;
    function.at = functions_ + read<std::uint32_t>(functions_ + first * word + 4);
    function.entry = read<std::uint32_t>(function.at);
    return function.entry == entry(first) ? std::optional{function} : std::nullopt;
}

std::string GoFunctions::name(const Function& function) const {
    return text(names_ + read<std::uint32_t>(function.at + name_field));
}

std::optional<std::int32_t> GoFunctions::value(const Function& function,
                                               std::uint32_t begin,
                                               std::uint64_t offset) const {
    if (begin == 0 || values_ + begin >= table_.size()) return std::nullopt;
    std::string_view bytes = table_.substr(values_ + begin);
    std::uint64_t at = function.entry;
    std::int64_t number = -1;
    // Each step is a change of the value, and for how far it is valid.
    for (bool is_first = true; !bytes.empty(); is_first = false) {
        if (!is_first && bytes.front() == '\0') return std::nullopt;
        const auto change = take_number(bytes);
        const auto distance = take_number(bytes);
        if (!change || !distance) return std::nullopt;
        const auto half = static_cast<std::int64_t>(*change >> 1U);
        number += (*change & 1U) != 0 ? -half - 1 : half;
        at += *distance * unit_;
        if (offset < at) return static_cast<std::int32_t>(number);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> GoFunctions::stack_size(const Function& function,
                                                     std::uint64_t offset) const {
    const auto size = value(function, read<std::uint32_t>(function.at + stack_field), offset);
    if (!size || *size < 0 || *size % static_cast<int>(word) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(*size);
}

std::uint64_t GoFunctions::size_of_function() const {
    constexpr std::uint64_t size_1_18 = 40;
    constexpr std::uint64_t size_1_20 = 44;
    return is_of_1_20_ ? size_1_20 : size_1_18;
}

int GoFunctions::inlined_at(const Function& function, std::uint64_t offset) const {
    if (read<std::uint32_t>(function.at + tables_field) <= inlined_table) return -1;
    const auto begin = read<std::uint32_t>(function.at + size_of_function() + inlined_table * 4ULL);
    return value(function, begin, offset).value_or(-1);
}

std::optional<std::uint32_t> GoFunctions::inline_tree(const Function& function) const {
    const std::uint64_t size = size_of_function();
    const auto tables = read<std::uint32_t>(function.at + tables_field);
    if (read<std::uint8_t>(function.at + size - 1) <= inlined_data) return std::nullopt;
    const auto tree =
        read<std::uint32_t>(function.at + size + (std::uint64_t{tables} + inlined_data) * 4);
    return tree == ~std::uint32_t{0} ? std::nullopt : std::optional{tree};
}

GoPlace GoFunctions::place(const Function& function, std::string name, std::uint64_t offset) const {
    GoPlace place;
    place.function = std::move(name);
    const auto line = value(function, read<std::uint32_t>(function.at + line_field), offset);
    const auto file = value(function, read<std::uint32_t>(function.at + file_field), offset);
    if (!line || !file || *file < 0) return place;
    const std::uint64_t unit = read<std::uint32_t>(function.at + unit_field);
    place.line = *line;
    place.file =
        text(files_ + read<std::uint32_t>(units_ + (unit + static_cast<std::uint64_t>(*file)) * 4));
    return place;
}

std::vector<GoPlace> GoFunctions::places(const Function& function,
                                         std::uint64_t offset,
                                         const ReadInlined& read_inlined) const {
    constexpr std::size_t depth_max = 30;
    std::vector<GoPlace> places;
    const auto tree = inline_tree(function);
    for (int index = inlined_at(function, offset); tree && index >= 0;
         index = inlined_at(function, offset)) {
        const auto inlined = read_inlined(*tree, index);
        if (!inlined || places.size() == depth_max) break;
        places.push_back(place(function, text(names_ + inlined->name), offset));
        offset = std::uint64_t{function.entry} + inlined->parent;
    }
    places.push_back(place(function, name(function), offset));
    return places;
}

}  // namespace devstack::diagnosis
