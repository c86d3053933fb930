// By elfutils. What takes long (finding symbols, reading unwind tables and line numbers) is done
// before or after a thread is stopped; between, only its registers and stack are read.

#include "diagnosis/thread_stacks.hpp"

#include "devstack/platform/clock.hpp"

#include "diagnosis/rust_names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>

namespace devstack::diagnosis {

namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t frames_max = 40;
/// A stack that is not read by then is cut there.
constexpr Duration stop_max = 15ms;

/// What a server on the net may know takes too long, and tells it what runs here.
int find_no_debug_information(Dwfl_Module* /*module*/,
                              void** /*user_data*/,
                              const char* /*name*/,
                              Dwarf_Addr /*base*/,
                              const char* /*file*/,
                              const char* /*link*/,
                              GElf_Word /*checksum*/,
                              char** /*found*/) {
    return -1;
}

constexpr Dwfl_Callbacks callbacks{
    dwfl_linux_proc_find_elf, find_no_debug_information, nullptr, nullptr};

struct EndDwfl {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};
using Session = std::unique_ptr<Dwfl, EndDwfl>;

using OnFrame = std::function<void(int, std::uint64_t)>;

/// By the numbers of DWARF.
#ifdef __x86_64__
constexpr unsigned frame_pointer = 6;
#else
constexpr unsigned frame_pointer = 29;
#endif

struct Walk {
    int thread;
    const OnFrame& on_frame;
    std::vector<Dwarf_Addr> counters;
    TimePoint first;  ///< When the thread is known to stand still.
};

int take_frame(Dwfl_Frame* frame, void* argument) {
    auto& walk = *static_cast<Walk*>(argument);
    if (walk.counters.empty()) walk.first = platform::now();
    Dwarf_Addr counter = 0;
    bool is_activation = false;
    if (!dwfl_frame_pc(frame, &counter, &is_activation)) return DWARF_CB_ABORT;
    // A return address is behind the call that is meant.
    walk.counters.push_back(is_activation || counter == 0 ? counter : counter - 1);
    Dwarf_Word pointer = 0;
    if (walk.on_frame && dwfl_frame_reg(frame, frame_pointer, &pointer) == 0) {
        walk.on_frame(walk.thread, pointer);
    }
    const bool is_enough =
        walk.counters.size() >= frames_max || platform::now() - walk.first > stop_max;
    return is_enough ? DWARF_CB_ABORT : DWARF_CB_OK;
}

int load_unwind_table(Dwfl_Module* module, void**, const char*, Dwarf_Addr, void*) {
    Dwarf_Addr bias = 0;
    (void)dwfl_module_eh_cfi(module, &bias);
    return DWARF_CB_OK;
}

/// "bank::transfer", without parameters and without what the compiler adds.
std::string readable(const char* symbol) {
    if (std::string rust = readable_rust_name(symbol); !rust.empty()) return rust;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled{
        abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free};
    if (status != 0 || !demangled) return symbol;
    std::string name = demangled.get();
    constexpr std::string_view nameless = "(anonymous namespace)::";
    for (auto at = name.find(nameless); at != name.npos; at = name.find(nameless))
        name.erase(at, nameless.size());
    constexpr std::size_t size_max = 80;
    const auto end = name.find_first_of("(<");
    return name.substr(0, std::min(end == 0 ? name.npos : end, size_max));
}

/// The compilation unit of an address. Clang and rustc write no table of these (.debug_aranges),
/// which is what elfutils looks in: they are asked one by one. Returns null when there is none, or
/// no time.
Dwarf_Die* find_unit(Dwfl_Module* module,
                     Dwarf_Addr counter,
                     TimePoint deadline,
                     Dwarf_Addr& bias) {
    if (Dwarf_Die* const known = dwfl_module_addrdie(module, counter, &bias)) return known;
    Dwarf_Die* unit = nullptr;
    while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr) {
        if (platform::now() > deadline) return nullptr;
        if (dwarf_haspc(unit, counter - bias) > 0) return unit;
    }
    return nullptr;
}

struct SourcePlace {
    const char* file = nullptr;
    int line = 0;
};

SourcePlace find_source(Dwarf_Die* unit, Dwarf_Addr address) {
    SourcePlace place;
    Dwarf_Line* const line = dwarf_getsrc_die(unit, address);
    if (line == nullptr) return place;
    place.file = dwarf_linesrc(line, nullptr, nullptr);
    (void)dwarf_lineno(line, &place.line);
    return place;
}

/// Where an inlined function has been put into its caller.
SourcePlace find_call(Dwarf_Die* unit, Dwarf_Die* inlined) {
    SourcePlace place;
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0;
    Dwarf_Files* files = nullptr;
    const auto read = [&](unsigned name) {
        return dwarf_formudata(dwarf_attr(inlined, name, &attribute), &number) == 0;
    };
    if (read(DW_AT_call_file) && dwarf_getsrcfiles(unit, &files, nullptr) == 0) {
        place.file = dwarf_filesrc(files, number, nullptr, nullptr);
    }
    if (read(DW_AT_call_line)) place.line = static_cast<int>(number);
    return place;
}

/// Of the compiler's own library, which says nothing of the program.
bool is_of_system(const char* file) {
    if (file == nullptr) return false;
    const std::string_view path = file;
    const auto has = [&](std::string_view part) { return path.find(part) != path.npos; };
    return path.starts_with("/usr/include/") || has("/library/std/src/") ||
           has("/library/core/src/") || has("/library/alloc/src/");  // Rust's.
}

std::string render(const std::string& name, const SourcePlace& place) {
    if (place.file == nullptr) return name;
    const char* const slash = std::strrchr(place.file, '/');
    return name + " (" + (slash == nullptr ? place.file : slash + 1) + ":" +
           std::to_string(place.line) + ")";
}

/// One frame of the machine, which is several of the program where functions have been put into
/// their callers: innermost first.
std::vector<std::string> describe(Dwfl* dwfl, Dwarf_Addr counter, TimePoint deadline) {
    Dwfl_Module* const module = dwfl_addrmodule(dwfl, counter);
    const char* const symbol = module == nullptr ? nullptr : dwfl_module_addrname(module, counter);
    if (symbol == nullptr) return {"?"};
    Dwarf_Addr bias = 0;
    Dwarf_Die* const unit =
        platform::now() > deadline ? nullptr : find_unit(module, counter, deadline, bias);
    if (unit == nullptr) return {readable(symbol)};
    SourcePlace place = find_source(unit, counter - bias);
    std::vector<std::string> frames;
    Dwarf_Die* scopes = nullptr;
    const int count = dwarf_getscopes(unit, counter - bias, &scopes);
    const std::unique_ptr<Dwarf_Die, decltype(&std::free)> owned{scopes, &std::free};
    for (int i = 0; i < count && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; ++i) {
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
        const char* const name = dwarf_diename(&scopes[i]);
        if (name != nullptr && !is_of_system(place.file)) frames.push_back(render(name, place));
        place = find_call(unit, &scopes[i]);
    }
    frames.push_back(render(readable(symbol), place));
    return frames;
}

}  // namespace

ThreadStacks read_stacks(int pid,
                         const std::vector<int>& threads,
                         TimePoint deadline,
                         const OnFrame& on_frame,
                         const DescribeInstruction& describe_first) {
    ThreadStacks stacks;
    if (threads.empty()) return stacks;
    const Session dwfl{dwfl_begin(&callbacks)};
    const auto fail = [&](int number) {
        stacks.problem = number > 0 ? std::strerror(number) : dwfl_errmsg(-1);
        return stacks;
    };
    if (!dwfl) return fail(0);
    if (const int error = dwfl_linux_proc_report(dwfl.get(), pid); error != 0) return fail(error);
    dwfl_report_end(dwfl.get(), nullptr, nullptr);
    if (const int error = dwfl_linux_proc_attach(dwfl.get(), pid, false); error != 0) {
        return fail(error);
    }
    dwfl_getmodules(dwfl.get(), load_unwind_table, nullptr, 0);
    std::map<int, Walk> walks;
    for (const int thread : threads) {
        if (platform::now() > deadline) break;
        Walk walk{thread, on_frame, {}, {}};
        errno = 0;
        const int result = dwfl_getthread_frames(dwfl.get(), thread, take_frame, &walk);
        if (walk.counters.empty()) {
            if (result != 0) stacks.problem = errno != 0 ? std::strerror(errno) : dwfl_errmsg(-1);
            continue;
        }
        stacks.longest_stop = std::max<Duration>(stacks.longest_stop, platform::now() - walk.first);
        walks.emplace(thread, std::move(walk));
    }
    for (const auto& [thread, walk] : walks) {
        for (const Dwarf_Addr counter : walk.counters) {
            auto described = describe_first ? describe_first(counter) : std::vector<std::string>{};
            if (described.empty()) described = describe(dwfl.get(), counter, deadline);
            std::ranges::move(described, std::back_inserter(stacks.frames[thread]));
        }
    }
    return stacks;
}

}  // namespace devstack::diagnosis
