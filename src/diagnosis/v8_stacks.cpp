#include "diagnosis/v8_stacks.hpp"

#include "diagnosis/process_memory.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

// A frame of JavaScript has its function in a fixed slot below the frame pointer, whatever compiled
// it. The function leads to what is shared by all its closures, that to the script and to the
// scope, where its name is and from where to where it reaches in the source.

namespace devstack::diagnosis {

namespace {

using Address = std::uint64_t;

constexpr std::size_t word = 8;
constexpr int unknown = std::numeric_limits<int>::min();

/// What V8 tells of itself.
struct V8Tables {
    int function_in_frame = unknown;
    int object_tag = unknown;
    int object_mask = unknown;
    int small_mask = unknown;
    int small_shift_size = unknown;
    int small_value_shift = unknown;
    int map = unknown;
    int type = unknown;
    int shared = unknown;
    int scope = unknown;
    int script = unknown;
    int script_name = unknown;
    int script_source = unknown;
    int shared_type = unknown;
    int script_type = unknown;
    int scope_type = unknown;
    int scope_locals = unknown;
    int scope_first = unknown;
    int not_string_mask = unknown;
    int representation_mask = unknown;
    int sequential = unknown;
    int cons = unknown;
    int thin = unknown;
    int encoding_mask = unknown;
    int length = unknown;
    int characters = unknown;
};

/// Some are called otherwise since V8 12, by their types.
struct TableName {
    int V8Tables::*field;
    std::string_view symbol;
};

constexpr TableName table_names[] = {
    {&V8Tables::function_in_frame, "v8dbg_off_fp_function"},
    {&V8Tables::object_tag, "v8dbg_HeapObjectTag"},
    {&V8Tables::object_mask, "v8dbg_HeapObjectTagMask"},
    {&V8Tables::small_mask, "v8dbg_SmiTagMask"},
    {&V8Tables::small_shift_size, "v8dbg_SmiShiftSize"},
    {&V8Tables::small_value_shift, "v8dbg_SmiValueShift"},
    {&V8Tables::map, "v8dbg_class_HeapObject__map__Map"},
    {&V8Tables::type, "v8dbg_class_Map__instance_type__uint16_t"},
    {&V8Tables::shared, "v8dbg_class_JSFunction__shared__SharedFunctionInfo"},
    {&V8Tables::scope, "v8dbg_class_SharedFunctionInfo__name_or_scope_info__Object"},
    {&V8Tables::scope, "v8dbg_class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_"},
    {&V8Tables::scope,
     "v8dbg_class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_"},
    {&V8Tables::script, "v8dbg_class_SharedFunctionInfo__script_or_debug_info__HeapObject"},
    {&V8Tables::script, "v8dbg_class_SharedFunctionInfo__script__Tagged_HeapObject_"},
    {&V8Tables::script_name, "v8dbg_class_Script__name__Object"},
    {&V8Tables::script_source, "v8dbg_class_Script__source__Object"},
    {&V8Tables::shared_type, "v8dbg_type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE"},
    {&V8Tables::script_type, "v8dbg_type_Script__SCRIPT_TYPE"},
    {&V8Tables::scope_type, "v8dbg_type_ScopeInfo__SCOPE_INFO_TYPE"},
    {&V8Tables::scope_locals, "v8dbg_scopeinfo_idx_ncontextlocals"},
    {&V8Tables::scope_first, "v8dbg_scopeinfo_idx_first_vars"},
    {&V8Tables::not_string_mask, "v8dbg_IsNotStringMask"},
    {&V8Tables::representation_mask, "v8dbg_StringRepresentationMask"},
    {&V8Tables::sequential, "v8dbg_SeqStringTag"},
    {&V8Tables::cons, "v8dbg_ConsStringTag"},
    {&V8Tables::thin, "v8dbg_ThinStringTag"},
    {&V8Tables::encoding_mask, "v8dbg_StringEncodingMask"},
    {&V8Tables::length, "v8dbg_class_String__length__int32_t"},
    {&V8Tables::characters, "v8dbg_class_SeqOneByteString__chars__char"},
};

struct Function {
    std::string name;
    std::string file;
    int line = 0;
};

/// Objects of V8 in another process.
class Heap {
public:
    Heap(int pid, const V8Tables& tables) : pid_{pid}, tables_{tables} {}

    bool is_object(Address value) const {
        return value > word && (value & mask(tables_.object_mask)) == mask(tables_.object_tag);
    }
    bool is_small(Address value) const { return (value & mask(tables_.small_mask)) == 0; }
    int small(Address value) const {
        const int shift = tables_.small_shift_size + tables_.small_value_shift;
        return static_cast<int>(static_cast<std::int64_t>(value) >> shift);
    }

    Address field(Address object, int offset) const { return read<Address>(object, offset); }

    int type_of(Address object) const {
        if (!is_object(object)) return -1;
        const Address map = field(object, tables_.map);
        return is_object(map) ? read<std::uint16_t>(map, tables_.type) : -1;
    }

    /// One byte for each character, as a rule; others are cut to it, which keeps their lines. Only
    /// the first `size_max`.
    std::string text(Address object, std::size_t size_max) const {
        constexpr int depth_max = 4;
        for (int depth = 0; depth < depth_max; ++depth) {
            const int type = type_of(object);
            if (type < 0 || (type & tables_.not_string_mask) != 0) return "";
            const int kind = type & tables_.representation_mask;
            if (kind == tables_.sequential) return characters(object, type, size_max);
            // One that was put together of others and has been flattened, or one that is somewhere
            // else: their first field is what they are now.
            if (kind != tables_.thin && kind != tables_.cons) return "";
            object = field(object, tables_.characters);
        }
        return "";
    }

private:
    static Address mask(int bits) { return static_cast<Address>(bits); }

    template <typename T>
    T read(Address object, int offset) const {
        const Address at =
            object - mask(tables_.object_tag) + static_cast<Address>(static_cast<long>(offset));
        return read_value<T>(pid_, at).value_or(T{});
    }

    std::string characters(Address object, int type, std::size_t size_max) const {
        const auto length = read<std::int32_t>(object, tables_.length);
        if (length < 0) return "";
        const std::size_t width = (type & tables_.encoding_mask) != 0 ? 1 : 2;
        const std::size_t size = std::min(static_cast<std::size_t>(length), size_max);
        std::string bytes(size * width, '\0');
        const Address at = object - mask(tables_.object_tag) + mask(tables_.characters);
        if (!read_memory(pid_, at, bytes.data(), bytes.size())) return "";
        if (width == 1) return bytes;
        std::string text(size, '?');
        for (std::size_t i = 0; i < size; ++i) {
            if (bytes[i * width + 1] == 0) text[i] = bytes[i * width];
        }
        return text;
    }

    int pid_;
    const V8Tables& tables_;
};

bool is_own(const std::string& file) {
    return !file.empty() && !file.starts_with("node:") && !file.starts_with("internal/") &&
           file.find("/node_modules/") == file.npos;
}

/// Modules are named by URL.
std::string shown_file(std::string file, const std::string& working_dir) {
    constexpr std::string_view scheme = "file://";
    if (file.starts_with(scheme)) file.erase(0, scheme.size());
    if (file.starts_with(working_dir + "/")) file.erase(0, working_dir.size() + 1);
    return file;
}

struct Scope {
    std::string name;
    int begin = 0;  ///< In the source, in characters.
};

/// Behind the names and the properties of variables in the context comes the function's own name
/// and the one it was given by an assignment, if any, then from where to where it reaches, and the
/// scope around it. Since V8 13 where it reaches is in front of all that
/// (src/objects/scope-info.tq).
std::optional<Scope> read_scope(const Heap& heap, const V8Tables& tables, Address object) {
    constexpr int locals_max = 75;  // With more their names are in a table of their own.
    constexpr int slots_max = 8;
    constexpr std::size_t name_max = 100;
    const auto slot = [&](int index) {
        return heap.field(object, static_cast<int>(word) * (index + 1));
    };
    const int locals = heap.small(slot(tables.scope_locals));
    if (locals < 0 || locals > locals_max) return std::nullopt;
    Scope scope;
    std::vector<int> numbers;
    for (int i = tables.scope_locals + 1; i < tables.scope_first; ++i)
        numbers.push_back(heap.small(slot(i)));
    const bool is_in_front = !numbers.empty();
    const int first = tables.scope_first + 2 * locals;
    for (int i = first; i < first + slots_max; ++i) {
        const Address value = slot(i);
        if (heap.is_small(value)) {
            if (!is_in_front) numbers.push_back(heap.small(value));
            continue;
        }
        if (heap.type_of(value) == tables.scope_type) break;
        if (!is_in_front && numbers.size() >= 2) break;
        if (!is_in_front) numbers.clear();
        if (scope.name.empty()) scope.name = heap.text(value, name_max);
    }
    if (numbers.size() < 2) return std::nullopt;
    scope.begin = numbers[numbers.size() - 2];
    const bool is_sane = scope.begin >= 0 && scope.begin < numbers.back();
    return is_sane ? std::optional{scope} : std::nullopt;
}

std::optional<Function> read_function(const Heap& heap, const V8Tables& tables, Address function) {
    constexpr std::size_t path_max = 4096;
    constexpr std::size_t source_max = 4UL << 20U;
    if (heap.type_of(function) < 0) return std::nullopt;
    const Address shared = heap.field(function, tables.shared);
    if (heap.type_of(shared) != tables.shared_type) return std::nullopt;
    const Address script = heap.field(shared, tables.script);
    if (heap.type_of(script) != tables.script_type) return std::nullopt;
    Function found;
    found.file = heap.text(heap.field(script, tables.script_name), path_max);
    if (!is_own(found.file)) return std::nullopt;
    const Address scope_object = heap.field(shared, tables.scope);
    if (heap.type_of(scope_object) != tables.scope_type) return found;
    const auto scope = read_scope(heap, tables, scope_object);
    if (!scope) return found;
    found.name = scope->name;
    const std::string source = heap.text(heap.field(script, tables.script_source), source_max);
    const auto begin = static_cast<std::size_t>(scope->begin);
    if (begin >= source.size()) return found;
    found.line = 1 + static_cast<int>(std::count(
                         source.begin(), source.begin() + static_cast<long>(begin), '\n'));
    return found;
}

}  // namespace

struct V8Stacks::Tables : V8Tables {};

std::unique_ptr<V8Stacks> V8Stacks::open(int pid) {
    std::vector<std::string_view> symbols;
    for (const TableName& it : table_names)
        symbols.push_back(it.symbol);
    for (const char* file : {"libnode.so", "node"}) {
        const auto exported = find_exported(pid, file, symbols);
        if (!exported) continue;
        auto tables = std::make_unique<Tables>();
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            const Address at = exported->addresses[i];
            const auto value = at == 0 ? std::nullopt : read_value<int>(pid, at);
            if (value) (*tables).*(table_names[i].field) = *value;
        }
        const bool is_whole = std::ranges::all_of(
            table_names, [&](const TableName& it) { return (*tables).*(it.field) != unknown; });
        if (!is_whole) return nullptr;
        return std::unique_ptr<V8Stacks>{new V8Stacks{pid, std::move(tables)}};
    }
    return nullptr;
}

V8Stacks::V8Stacks(int pid, std::unique_ptr<const Tables> tables)
    : pid_{pid}, tables_{std::move(tables)} {}

V8Stacks::~V8Stacks() = default;

void V8Stacks::note(int thread, std::uint64_t frame_pointer) {
    const auto offset = static_cast<Address>(static_cast<long>(tables_->function_in_frame));
    const auto function = read_value<Address>(pid_, frame_pointer + offset);
    auto& noted = functions_[thread];
    // Frames of C and C++ between leave the pointer as it was.
    const bool is_new = noted.empty() || noted.back() != function;
    if (function && is_new) noted.push_back(*function);
}

std::map<int, std::vector<std::string>> V8Stacks::describe(const std::string& working_dir) const {
    const Heap heap{pid_, *tables_};
    constexpr std::size_t frames_max = 12;  // Each costs reading its source.
    std::map<int, std::vector<std::string>> stacks;
    for (const auto& [thread, functions] : functions_) {
        for (const Address function : functions) {
            if (stacks.contains(thread) && stacks[thread].size() == frames_max) break;
            const auto found = read_function(heap, *tables_, function);
            if (!found || found->line == 0) continue;
            stacks[thread].push_back((found->name.empty() ? "<anonymous>" : found->name) + " (" +
                                     shown_file(found->file, working_dir) + ":" +
                                     std::to_string(found->line) + ")");
        }
    }
    return stacks;
}

}  // namespace devstack::diagnosis
