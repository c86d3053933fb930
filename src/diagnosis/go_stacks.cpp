// A Go program names its functions in a table (see go_functions.hpp). A module (moduledata in
// runtime/symtab.go) points to that table, and says where the program's variables are. Among these
// is the list of all goroutines (allgs in runtime/proc.go): the only list of things of which each
// names itself as the goroutine that its registers are of, the first with number 1.

#include "diagnosis/go_stacks.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "diagnosis/process_memory.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

namespace devstack::diagnosis {

namespace {

using Address = std::uint64_t;

constexpr Address word = 8;

struct EndElf {
    void operator()(Elf* elf) const { ::elf_end(elf); }
};

struct Section {
    std::string name;
    Address address = 0;  ///< In the process.
    Address size = 0;
    std::string_view bytes;  ///< In the file; empty: there it has none.
};

/// Of a module, by words, see moduledata.
constexpr std::size_t module_functions = 16;
constexpr std::size_t module_functions_count = 17;
constexpr std::size_t module_text = 22;
constexpr std::size_t module_variables = 28;
constexpr std::size_t module_variables_end = 29;
constexpr std::size_t module_data_1_18 = 38;  ///< Of functions: gofunc.
constexpr std::size_t module_data_1_20 = 40;
constexpr std::size_t module_words = 41;

/// Of a goroutine, see type g in runtime/runtime2.go. Its stack and its registers have always been
/// where they are.
constexpr std::size_t stack_low = 0;
constexpr std::size_t stack_high = 8;
constexpr std::size_t saved_stack = 56;
constexpr std::size_t saved_counter = 64;
constexpr std::size_t saved_itself = 72;
constexpr std::size_t goroutine_size = 192;

struct Layout {
    std::size_t status;
    std::size_t number;
    std::size_t since;
};
/// Go 1.18 to 1.22, and again since 1.25; between them a field was added before one was taken away.
constexpr std::array<Layout, 2> layouts{{{144, 152, 168}, {152, 160, 176}}};

constexpr std::uint32_t status_in_call = 3;
constexpr std::uint32_t status_waiting = 4;
constexpr std::uint32_t status_dead = 6;
constexpr std::uint32_t status_last = 11;
constexpr std::uint32_t is_scanned = 0x1000;

struct Goroutine {
    std::array<char, goroutine_size> bytes{};

    template <typename T>
    T field(std::size_t at) const {
        T value{};
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    }
    std::uint32_t status(const Layout& layout) const {
        return field<std::uint32_t>(layout.status) & ~is_scanned;
    }
};

std::optional<Goroutine> read_goroutine(int pid, Address at) {
    return read_value<Goroutine>(pid, at);
}

/// What must be so in every version.
bool is_sane(const Goroutine& goroutine, const Layout& layout, Address at) {
    constexpr Address stack_max = Address{1} << 31U;
    const auto low = goroutine.field<Address>(stack_low);
    const auto high = goroutine.field<Address>(stack_high);
    const auto saved = goroutine.field<Address>(saved_stack);
    const std::uint32_t status = goroutine.status(layout);
    if (status > status_last) return false;
    if (status != status_waiting) return true;  // Others may have no stack, or have left it.
    const auto number = goroutine.field<std::uint64_t>(layout.number);
    return number != 0 && low < high && high - low <= stack_max && saved >= low && saved < high &&
           goroutine.field<Address>(saved_itself) == at;
}

std::vector<Section> read_sections(Elf* elf, Address bias) {
    std::vector<Section> sections;
    std::size_t names = 0;
    if (::elf_getshdrstrndx(elf, &names) != 0) return sections;
    for (Elf_Scn* it = nullptr; (it = ::elf_nextscn(elf, it)) != nullptr;) {
        GElf_Shdr header;
        if (::gelf_getshdr(it, &header) == nullptr || (header.sh_flags & SHF_ALLOC) == 0) continue;
        const char* const name = ::elf_strptr(elf, names, header.sh_name);
        if (name == nullptr) continue;
        Section section{name, header.sh_addr + bias, header.sh_size, {}};
        const bool has_table = std::string_view{name}.find("gopclntab") != std::string_view::npos ||
                               std::string_view{name} == ".data.rel.ro";
        Elf_Data* const data = has_table ? ::elf_getdata(it, nullptr) : nullptr;
        if (data != nullptr && data->d_buf != nullptr) {
            section.bytes = {static_cast<const char*>(data->d_buf), data->d_size};
        }
        sections.push_back(std::move(section));
    }
    return sections;
}

/// Where the file means to be loaded: Go's own linker does not begin at zero.
Address first_address(Elf* elf) {
    std::size_t count = 0;
    if (::elf_getphdrnum(elf, &count) != 0) return 0;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr header;
        if (::gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) break;
        if (header.p_type == PT_LOAD) return header.p_vaddr - header.p_offset;
    }
    return 0;
}

/// Where the table begins in a section: at its beginning, or, where a linker has put several
/// together, somewhere in it.
std::optional<std::size_t> find_table(const Section& section) {
    constexpr std::size_t alignment = 8;
    for (std::size_t at = 0; at + 64 < section.bytes.size(); at += alignment) {
        std::uint32_t magic = 0;
        std::memcpy(&magic, section.bytes.data() + at, sizeof magic);
        const bool is_magic = magic == 0xFFFFFFF0 || magic == 0xFFFFFFF1;
        if (is_magic && GoFunctions::open(section.bytes.substr(at))) return at;
    }
    return std::nullopt;
}

/// Words of a process, as far as they can be read.
std::vector<Address> read_words(int pid, Address at, Address size) {
    constexpr Address size_max = 32UL << 20U;
    constexpr Address part = 64UL << 10U;
    std::vector<Address> words(std::min(size, size_max) / word);
    for (std::size_t i = 0; i < words.size(); i += part / word) {
        const std::size_t count = std::min<std::size_t>(part / word, words.size() - i);
        // What can not be read stays zero.
        (void)read_memory(pid, at + i * word, words.data() + i, count * word);
    }
    return words;
}

/// What a goroutine waits for, by the functions of the runtime that it is in: these names have been
/// the same for long, while the numbers that the runtime has for it change.
struct WaitName {
    std::string_view function;
    std::string_view state;
};
constexpr std::array<WaitName, 18> wait_names{{
    {"runtime.chansend", "chan send"},
    {"runtime.chanrecv", "chan receive"},
    {"runtime.selectgo", "select"},
    {"runtime.block", "select (no cases)"},
    {"runtime.netpollblock", "IO wait"},
    {"time.Sleep", "sleep"},
    {"sync.(*Mutex).lockSlow", "sync.Mutex.Lock"},
    {"internal/sync.(*Mutex).lockSlow", "sync.Mutex.Lock"},
    {"sync.(*RWMutex).RLock", "sync.RWMutex.RLock"},
    {"sync.(*RWMutex).Lock", "sync.RWMutex.Lock"},
    {"sync.runtime_SemacquireMutex", "sync.Mutex.Lock"},
    {"sync.runtime_SemacquireRWMutexR", "sync.RWMutex.RLock"},
    {"sync.runtime_SemacquireRWMutex", "sync.RWMutex.Lock"},
    {"sync.(*WaitGroup).Wait", "sync.WaitGroup.Wait"},
    {"sync.(*Cond).Wait", "sync.Cond.Wait"},
    {"sync.runtime_notifyListWait", "sync.Cond.Wait"},
    {"sync.runtime_Semacquire", "semacquire"},
    {"internal/poll.runtime_Semacquire", "semacquire"},
}};

/// The outermost of them that it has come to without leaving the libraries that wait: the mutex of
/// an RWMutex is taken in a Mutex.
std::string name_wait(const std::vector<GoPlace>& frames) {
    std::string_view state;
    for (const GoPlace& frame : frames) {
        const std::string_view function = frame.function;
        const bool may_wait = function.starts_with("runtime.") || function.starts_with("sync.") ||
                              function.starts_with("internal/") || function == "time.Sleep";
        if (!may_wait) break;
        const auto* const found = std::ranges::find(wait_names, function, &WaitName::function);
        const bool is_one = found != wait_names.end();
        // What a more general name told before, one of the program's may tell better.
        if (is_one && (state.empty() || function.find("(*") != function.npos)) {
            state = found->state;
        }
    }
    return std::string{state};
}

}  // namespace

struct GoStacks::Program {
    int pid = 0;
    platform::FileDescriptor file;
    std::unique_ptr<Elf, EndElf> elf;
    std::optional<GoFunctions> functions;
    Address text = 0;
    Address data_of_functions = 0;
    Address list = 0;  ///< Where the list of goroutines is: pointer, count.
    const Layout* layout = nullptr;
    bool has_link_register = false;

    std::optional<GoFunctions::Inlined> read_inlined(std::uint32_t tree, int index) const;
    std::vector<GoPlace> walk(const Goroutine& goroutine) const;
    std::optional<WaitingGoroutine> examine(const Goroutine& goroutine, Address at) const;
    bool open_file();
    bool find_module(const std::vector<Section>& sections, Address table);
    bool find_list(Address begin, Address end);
    bool is_list(Address at, Address count);
};

std::optional<GoFunctions::Inlined> GoStacks::Program::read_inlined(std::uint32_t tree,
                                                                    int index) const {
    constexpr std::size_t size_1_18 = 20;
    constexpr std::size_t size_1_20 = 16;
    const bool is_new = functions->is_of_1_20();
    const Address at =
        data_of_functions + tree + static_cast<Address>(index) * (is_new ? size_1_20 : size_1_18);
    const auto name = read_value<std::uint32_t>(pid, at + (is_new ? 4 : 12));
    const auto parent = read_value<std::uint32_t>(pid, at + (is_new ? 8 : 16));
    if (!name || !parent) return std::nullopt;
    return GoFunctions::Inlined{*name, *parent};
}

/// By the sizes of the frames, as Go's own dumps do it.
std::vector<GoPlace> GoStacks::Program::walk(const Goroutine& goroutine) const {
    constexpr int depth_max = 100;
    constexpr std::size_t frames_max = 60;
    std::vector<GoPlace> frames;
    auto counter = goroutine.field<Address>(saved_counter);
    auto stack = goroutine.field<Address>(saved_stack);
    const auto high = goroutine.field<Address>(stack_high);
    const auto read = [&](std::uint32_t tree, int index) { return read_inlined(tree, index); };
    for (int depth = 0; depth < depth_max && frames.size() < frames_max; ++depth) {
        if (counter <= text) return {};
        const Address offset = counter - 1 - text;  // It is behind the call that is meant.
        const auto function = functions->find(offset);
        if (!function) return {};
        if (functions->name(*function) == "runtime.goexit") return frames;
        const auto size = functions->stack_size(*function, offset);
        if (!size) return {};
        std::ranges::move(functions->places(*function, offset, read), std::back_inserter(frames));
        const Address end = stack + *size + (has_link_register ? 0 : word);
        if (end <= stack || end > high) return {};
        const auto next = read_value<Address>(pid, has_link_register ? stack : end - word);
        if (!next) return {};
        counter = *next;
        stack = end;
    }
    return frames;
}

bool GoStacks::Program::open_file() {
    const std::string link = "/proc/" + std::to_string(pid) + "/exe";
    file = platform::FileDescriptor{::open(link.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) return false;
    ::elf_version(EV_CURRENT);
    elf.reset(::elf_begin(file.get(), ELF_C_READ_MMAP, nullptr));
    GElf_Ehdr header;
    if (!elf || ::gelf_getehdr(elf.get(), &header) == nullptr) return false;
    has_link_register = header.e_machine == EM_AARCH64;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
        (header.e_machine != EM_X86_64 && !has_link_register)) {
        return false;
    }
    std::error_code error;
    const std::string path = std::filesystem::read_symlink(link, error).string();
    const bool is_movable = header.e_type == ET_DYN;
    const Address bias =
        is_movable ? find_load_address(pid, path) - first_address(elf.get()) : Address{0};
    const auto sections = read_sections(elf.get(), bias);
    for (const Section& section : sections) {
        const auto at = section.bytes.empty() ? std::nullopt : find_table(section);
        if (!at) continue;
        functions = GoFunctions::open(section.bytes.substr(*at));
        return find_module(sections, section.address + *at);
    }
    return false;
}

bool GoStacks::Program::find_module(const std::vector<Section>& sections, Address table) {
    constexpr std::array<std::string_view, 4> holders{
        ".go.module", ".noptrdata", ".data", ".data.rel.ro"};
    for (const Section& section : sections) {
        if (std::ranges::find(holders, std::string_view{section.name}) == holders.end()) continue;
        const auto words = read_words(pid, section.address, section.size);
        for (std::size_t i = 0; i + module_words <= words.size(); ++i) {
            const bool is_module =
                words[i] == table &&
                words[i + module_functions] == table + functions->functions_at() &&
                words[i + module_functions_count] == functions->count() + 1;
            if (!is_module) continue;
            text = words[i + module_text];
            data_of_functions =
                words[i + (functions->is_of_1_20() ? module_data_1_20 : module_data_1_18)];
            return find_list(words[i + module_variables], words[i + module_variables_end]);
        }
    }
    return false;
}

bool GoStacks::Program::find_list(Address begin, Address end) {
    constexpr Address count_max = 4UL << 20U;
    if (begin >= end) return false;
    const auto words = read_words(pid, begin, end - begin);
    for (std::size_t i = 0; i + 3 <= words.size(); ++i) {
        const bool may_be_list = words[i] != 0 && words[i] % word == 0 && words[i + 1] != 0 &&
                                 words[i + 1] <= words[i + 2] && words[i + 2] <= count_max;
        if (!may_be_list || !is_list(words[i], words[i + 1])) continue;
        list = begin + i * word;
        return true;
    }
    return false;
}

bool GoStacks::Program::is_list(Address at, Address count) {
    constexpr Address looked_at_max = 50;
    const auto first = read_value<Address>(pid, at);
    if (!first || *first == 0 || *first % word != 0) return false;
    for (const Layout& candidate : layouts) {
        std::set<std::uint64_t> numbers;
        bool is_it = true;
        for (Address i = 0; is_it && i < std::min(count, looked_at_max); ++i) {
            const Address goroutine_at = read_value<Address>(pid, at + i * word).value_or(0);
            const auto goroutine = read_goroutine(pid, goroutine_at);
            is_it = goroutine && is_sane(*goroutine, candidate, goroutine_at);
            if (!is_it || goroutine->status(candidate) == status_dead) continue;
            const auto number = goroutine->field<std::uint64_t>(candidate.number);
            is_it = i != 0 || number == 1;
            if (goroutine->status(candidate) == status_waiting)
                is_it = is_it && numbers.insert(number).second;
        }
        if (!is_it || numbers.empty()) continue;
        layout = &candidate;
        return true;
    }
    return false;
}

std::unique_ptr<GoStacks> GoStacks::open(int pid) {
    auto program = std::make_unique<Program>();
    program->pid = pid;
    if (!program->open_file()) return nullptr;
    return std::unique_ptr<GoStacks>{new GoStacks{std::move(program)}};
}

GoStacks::GoStacks(std::unique_ptr<const Program> program) : program_{std::move(program)} {}

GoStacks::~GoStacks() = default;

/// Nothing: it goes on meanwhile.
std::optional<WaitingGoroutine> GoStacks::Program::examine(const Goroutine& goroutine,
                                                           Address at) const {
    const bool is_in_call = goroutine.status(*layout) == status_in_call;
    if (!is_in_call && goroutine.status(*layout) != status_waiting) return std::nullopt;
    WaitingGoroutine waiting;
    waiting.number = goroutine.field<std::uint64_t>(layout->number);
    waiting.stack = goroutine.field<Address>(saved_stack);
    waiting.frames = walk(goroutine);
    const auto again = read_goroutine(pid, at);
    if (waiting.frames.empty() || !again || again->bytes != goroutine.bytes) return std::nullopt;
    waiting.state = is_in_call ? "syscall" : name_wait(waiting.frames);
    std::erase_if(waiting.frames, [](const GoPlace& it) {
        return it.function.starts_with("runtime.") && it.function != "runtime.main";
    });
    constexpr double nanoseconds = 1e9;
    const auto since = goroutine.field<std::int64_t>(layout->since);
    const double now = std::chrono::duration<double>(platform::now().time_since_epoch()).count();
    if (since > 0) {
        waiting.seconds = std::max(0.0, now - static_cast<double>(since) / nanoseconds);
    }
    return waiting;
}

Goroutines GoStacks::read(TimePoint deadline) const {
    constexpr std::size_t waiting_max = 3000;
    constexpr Address count_max = 100'000;
    const int pid = program_->pid;
    const Layout& layout = *program_->layout;
    Goroutines found;
    const Address list = read_value<Address>(pid, program_->list).value_or(0);
    const Address count = read_value<Address>(pid, program_->list + word).value_or(0);
    const auto all = read_words(pid, list, std::min(count, count_max) * word);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (found.waiting.size() == waiting_max || platform::now() > deadline) {
            found.running += static_cast<int>(all.size() - i);
            break;
        }
        const auto goroutine = read_goroutine(pid, all[i]);
        if (!goroutine || !is_sane(*goroutine, layout, all[i])) continue;
        const std::uint32_t status = goroutine->status(layout);
        if (status == 0 || status == status_dead) continue;
        auto waiting = program_->examine(*goroutine, all[i]);
        const bool is_of_runtime = waiting && waiting->frames.empty();
        if (is_of_runtime) continue;
        if (!waiting || waiting->state.empty()) {
            ++found.running;
        } else {
            found.waiting.push_back(std::move(*waiting));
        }
    }
    return found;
}

std::vector<std::string> GoStacks::describe(std::uint64_t address) const {
    if (address < program_->text) return {};
    const Address offset = address - program_->text;
    const auto function = program_->functions->find(offset);
    if (!function) return {};
    std::vector<std::string> frames;
    const auto read = [&](std::uint32_t tree, int index) {
        return program_->read_inlined(tree, index);
    };
    for (const GoPlace& it : program_->functions->places(*function, offset, read)) {
        const std::string file = it.file.substr(it.file.rfind('/') + 1);
        frames.push_back(it.function + " (" + file + ":" + std::to_string(it.line) + ")");
    }
    return frames;
}

}  // namespace devstack::diagnosis
