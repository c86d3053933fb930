// By elfutils. What takes long (finding symbols, reading unwind tables and line numbers) is done
// before or after a thread is stopped; between, only its registers and stack are read.

#include "diagnosis/thread_stacks.hpp"

#include "devstack/platform/clock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include <cxxabi.h>
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

/// Clang and rustc write no table of which compilation unit an address is of (.debug_aranges),
/// which is what elfutils looks in: they are asked one by one. Returns null when there is none, or
/// no time.
Dwarf_Line* find_line(Dwfl_Module* module, Dwarf_Addr counter, TimePoint deadline) {
    Dwarf_Die* unit = nullptr;
    Dwarf_Addr bias = 0;
    while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr) {
        if (platform::now() > deadline) return nullptr;
        if (dwarf_haspc(unit, counter - bias) > 0) return dwarf_getsrc_die(unit, counter - bias);
    }
    return nullptr;
}

struct SourcePlace {
    const char* file = nullptr;
    int line = 0;
};

SourcePlace find_source(Dwfl_Module* module, Dwarf_Addr counter, TimePoint deadline) {
    SourcePlace place;
    if (Dwfl_Line* const known = dwfl_module_getsrc(module, counter); known != nullptr) {
        place.file = dwfl_lineinfo(known, nullptr, &place.line, nullptr, nullptr, nullptr);
        return place;
    }
    if (Dwarf_Line* const line = find_line(module, counter, deadline); line != nullptr) {
        place.file = dwarf_linesrc(line, nullptr, nullptr);
        (void)dwarf_lineno(line, &place.line);
    }
    return place;
}

std::string describe(Dwfl* dwfl, Dwarf_Addr counter, TimePoint deadline) {
    Dwfl_Module* const module = dwfl_addrmodule(dwfl, counter);
    const char* const symbol = module == nullptr ? nullptr : dwfl_module_addrname(module, counter);
    if (symbol == nullptr) return "?";
    std::string text = readable(symbol);
    if (platform::now() > deadline) return text;
    const SourcePlace place = find_source(module, counter, deadline);
    if (place.file == nullptr) return text;
    const char* const slash = std::strrchr(place.file, '/');
    return text + " (" + (slash == nullptr ? place.file : slash + 1) + ":" +
           std::to_string(place.line) + ")";
}

}  // namespace

ThreadStacks read_stacks(int pid,
                         const std::vector<int>& threads,
                         TimePoint deadline,
                         const OnFrame& on_frame) {
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
        for (const Dwarf_Addr counter : walk.counters)
            stacks.frames[thread].push_back(describe(dwfl.get(), counter, deadline));
    }
    return stacks;
}

}  // namespace devstack::diagnosis
