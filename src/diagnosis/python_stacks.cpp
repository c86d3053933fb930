#include "diagnosis/python_stacks.hpp"

#include "diagnosis/process_memory.hpp"
#include "diagnosis/python_lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

// The interpreter keeps a list of its threads, each with a chain of frames, each of which names its
// code object and how far it has come in that. Where these fields are differs by version, and is
// fixed within one (Include/internal of CPython; measured with offsetof on a 64-bit system).

namespace devstack::diagnosis {

namespace {

using Address = std::uint64_t;

struct Layout {
    int minor;  ///< 3.`minor`
    Address interpreters;
    Address threads;
    Address thread_frame;  ///< Of a thread: its frame, or what leads to it, see `frame_in_chain`.
    Address thread_id;     ///< The kernel's, 4 bytes; up to 3.10 that of pthreads, 8 bytes.
    Address frame_in_chain;
    Address previous;
    Address code;
    Address instruction;  ///< Up to 3.10 its number, 4 bytes, later its address.
    Address first_line;
    Address instructions;  ///< Of a code object: where they begin. Unused up to 3.10.
    Address line_table;
    Address name;
    Address text;       ///< Of a string: behind its header, when all of it is ASCII.
    Address wide_text;  ///< When not.
};

constexpr Address thread_next = 8;
constexpr Address object_type = 8;
constexpr Address type_name = 24;
constexpr Address object_size = 16;
constexpr Address bytes_content = 32;
constexpr Address text_state = 32;
constexpr Address no_chain = ~Address{0};

constexpr int last_with_frame_objects = 10;
constexpr int first_self_describing = 13;

constexpr std::array<Layout, 8> layouts{{
    {8, 32, 8, 24, 176, no_chain, 24, 32, 104, 40, 0, 120, 112, 48, 72},
    {9, 32, 8, 24, 176, no_chain, 24, 32, 104, 40, 0, 120, 112, 48, 72},
    {10, 32, 8, 24, 176, no_chain, 24, 32, 96, 40, 0, 120, 112, 48, 72},
    {11, 40, 16, 56, 160, 8, 48, 32, 56, 72, 184, 136, 120, 48, 72},
    {12, 40, 72, 56, 144, 0, 8, 0, 56, 68, 192, 136, 120, 40, 56},
    {13, 0, 0, 72, 160, no_chain, 8, 0, 56, 68, 200, 136, 120, 40, 56},
    {14, 0, 0, 72, 160, no_chain, 8, 0, 56, 68, 208, 136, 120, 40, 56},
    {15, 0, 0, 72, 184, no_chain, 8, 0, 56, 68, 208, 136, 120, 40, 56},
}};

/// The file is before the name in every version.
constexpr Address name_to_file = 8;

/// Struct pthread of glibc (nptl/descr.h) is a header and a list, then the kernel's number.
#ifdef __x86_64__
constexpr Address pthread_to_thread = 720;
#else
constexpr Address pthread_to_thread = 208;
#endif

/// "libpython3.11.so.1.0", "python3.11"; "python3.13t" is laid out otherwise.
const Layout* find_layout(std::string_view file) {
    const auto at = file.find("python3.");
    if (at == file.npos) return nullptr;
    file.remove_prefix(at + std::string_view{"python3."}.size());
    int minor = 0;
    const auto end = std::from_chars(file.data(), file.data() + file.size(), minor).ptr;
    if (end != file.data() + file.size() && *end != '.') return nullptr;
    const auto* const found = std::ranges::find(layouts, minor, &Layout::minor);
    return found == layouts.end() ? nullptr : found;
}

void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    constexpr std::uint32_t two = 0x80;
    constexpr std::uint32_t three = 0x800;
    constexpr std::uint32_t four = 0x10000;
    if (point < two) return add(point);
    if (point < three) {
        add(0xC0U | (point >> 6U));
    } else if (point < four) {
        add(0xE0U | (point >> 12U));
        add(0x80U | ((point >> 6U) & 0x3FU));
    } else {
        add(0xF0U | (point >> 18U));
        add(0x80U | ((point >> 12U) & 0x3FU));
        add(0x80U | ((point >> 6U) & 0x3FU));
    }
    add(0x80U | (point & 0x3FU));
}

class Reader {
public:
    Reader(int pid, const Layout& layout, const std::string& working_dir)
        : pid_{pid}, layout_{layout}, working_dir_{working_dir} {}

    std::map<int, std::vector<std::string>> read(Address runtime, const std::set<int>& threads) {
        std::map<int, std::vector<std::string>> stacks;
        if (!find_heads(runtime)) return stacks;
        constexpr int threads_max = 1000;
        int seen = 0;
        for (Address interpreter = pointer(runtime + interpreters_); interpreter != 0;
             interpreter = pointer(interpreter + next_)) {
            Address thread = pointer(interpreter + threads_);
            for (; thread != 0; thread = pointer(thread + thread_next)) {
                if (++seen > threads_max) return stacks;
                const int number = number_of(thread);
                if (!threads.contains(number)) continue;
                auto frames = frames_of(thread);
                if (!frames.empty()) stacks.emplace(number, std::move(frames));
            }
        }
        return stacks;
    }

private:
    /// From 3.13 on the interpreter begins with a table of these offsets (_Py_DebugOffsets).
    bool find_heads(Address runtime) {
        interpreters_ = layout_.interpreters;
        threads_ = layout_.threads;
        if (layout_.minor < first_self_describing) return true;
        constexpr std::string_view cookie = "xdebugpy";
        constexpr Address is_free_threaded = 16;
        constexpr Address interpreters_entry = 40;
        constexpr Address next_entry = 64;
        constexpr Address threads_entry = 72;
        std::array<char, cookie.size()> begin{};
        if (!read_memory(pid_, runtime, begin.data(), begin.size())) return false;
        if (cookie != std::string_view{begin.data(), begin.size()}) return false;
        interpreters_ = pointer(runtime + interpreters_entry);
        next_ = pointer(runtime + next_entry);
        threads_ = pointer(runtime + threads_entry);
        return pointer(runtime + is_free_threaded) == 0;
    }

    Address pointer(Address at) const { return read_value<Address>(pid_, at).value_or(0); }

    int number_of(Address thread) const {
        Address at = thread + layout_.thread_id;
        if (layout_.minor <= last_with_frame_objects) at = pointer(at) + pthread_to_thread;
        return read_value<std::int32_t>(pid_, at).value_or(0);
    }

    std::vector<std::string> frames_of(Address thread) {
        constexpr int frames_max = 200;
        std::vector<std::string> frames;
        Address frame = pointer(thread + layout_.thread_frame);
        if (layout_.frame_in_chain != no_chain) frame = pointer(frame + layout_.frame_in_chain);
        bool is_first = true;
        for (int i = 0; frame != 0 && i < frames_max; ++i) {
            // From 3.14 on the lowest bits of a reference on the stack say how it is counted.
            const Address code = pointer(frame + layout_.code) & ~Address{7};
            // Between Python and C there are frames that have none.
            if (is_code(code)) {
                const std::string file = text(pointer(code + layout_.name - name_to_file));
                if (is_first && file.ends_with("/selectors.py")) return {};
                is_first = false;
                // What the interpreter puts in between has no line.
                const int line = is_own(file) ? line_of(frame, code) : 0;
                if (line != 0) frames.push_back(describe(code, file, line));
            }
            frame = pointer(frame + layout_.previous);
        }
        return frames;
    }

    /// Whatever was read in between: only what says of itself that it is code is taken for it.
    bool is_code(Address object) {
        if (object == 0) return false;
        const Address type = pointer(object + object_type);
        if (code_type_ == 0 && type != 0 && read_text(pid_, pointer(type + type_name)) == "code") {
            code_type_ = type;
        }
        return code_type_ != 0 && type == code_type_;
    }

    /// Not the standard library, nor packages, nor a program that came with one (bin/gunicorn).
    static bool is_own(const std::string& file) {
        const auto slash = file.rfind('/');
        const bool is_launcher =
            slash != file.npos && file.substr(0, slash).ends_with("/bin") && !file.ends_with(".py");
        return !file.empty() && !file.starts_with('<') && !is_launcher &&
               file.find("/lib/python3") == file.npos && file.find("-packages/") == file.npos;
    }

    std::string describe(Address code, const std::string& file, int line) const {
        const std::string name = text(pointer(code + layout_.name));
        std::string shown = std::filesystem::path{file}.lexically_normal().string();
        if (shown.starts_with(working_dir_ + "/")) shown.erase(0, working_dir_.size() + 1);
        return (name.empty() ? "?" : name) + " (" + shown + ":" + std::to_string(line) + ")";
    }

    int line_of(Address frame, Address code) const {
        const auto first = read_value<std::int32_t>(pid_, code + layout_.first_line);
        const Address table = pointer(code + layout_.line_table);
        const auto size = read_value<std::int64_t>(pid_, table + object_size);
        constexpr std::int64_t table_max = 1 << 20;
        if (!first || !size || *size < 0 || *size > table_max) return 0;
        std::string bytes(static_cast<std::size_t>(*size), '\0');
        if (!read_memory(pid_, table + bytes_content, bytes.data(), bytes.size())) return 0;
        return find_python_line(layout_.minor, bytes, *first, offset_of(frame, code));
    }

    int offset_of(Address frame, Address code) const {
        if (layout_.minor > last_with_frame_objects) {
            const Address at = pointer(frame + layout_.instruction);
            return static_cast<int>(at - (code + layout_.instructions));
        }
        const int number = read_value<std::int32_t>(pid_, frame + layout_.instruction).value_or(0);
        return layout_.minor == last_with_frame_objects ? number * 2 : number;
    }

    /// PEP 393: one, two or four bytes for each character.
    std::string text(Address object) const {
        constexpr std::int64_t length_max = 4096;
        const auto length = read_value<std::int64_t>(pid_, object + object_size);
        const auto state = read_value<std::uint32_t>(pid_, object + text_state);
        if (object == 0 || !length || !state || *length < 0 || *length > length_max) return "";
        const std::size_t width = (*state >> 2U) & 7U;
        const bool is_ascii = ((*state >> 6U) & 1U) != 0;
        if (width != 1 && width != 2 && width != 4) return "";
        std::string bytes(static_cast<std::size_t>(*length) * width, '\0');
        const Address at = object + (is_ascii ? layout_.text : layout_.wide_text);
        if (!read_memory(pid_, at, bytes.data(), bytes.size())) return "";
        if (is_ascii) return bytes;
        std::string text;
        for (std::size_t i = 0; i < bytes.size(); i += width) {
            std::uint32_t point = 0;
            for (std::size_t j = width; j > 0; --j)
                point = (point << 8U) | static_cast<std::uint8_t>(bytes[i + j - 1]);
            append_utf8(text, point);
        }
        return text;
    }

    int pid_;
    const Layout& layout_;
    const std::string& working_dir_;
    Address interpreters_ = 0;
    Address next_ = 0;  ///< Of an interpreter.
    Address threads_ = 0;
    Address code_type_ = 0;
};

}  // namespace

std::map<int, std::vector<std::string>> read_python_stacks(int pid,
                                                           const std::set<int>& threads,
                                                           const std::string& working_dir) {
    for (const char* file : {"libpython3.", "python3."}) {
        const auto found = find_exported(pid, file, {"_PyRuntime"});
        if (!found) continue;
        const Layout* const layout = find_layout(found->file);
        if (layout == nullptr) return {};
        return Reader{pid, *layout, working_dir}.read(found->addresses.front(), threads);
    }
    return {};
}

}  // namespace devstack::diagnosis
