#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::diagnosis {

struct GoPlace {
    std::string function;  ///< "main.(*Cart).Add".
    std::string file;      ///< As the compiler has noted it.
    int line = 0;
    bool operator==(const GoPlace&) const = default;
};

/// The table of functions that every Go program carries for its own dumps, also a stripped one:
/// .gopclntab (runtime/symtab.go of Go), as Go 1.18 and later write it. Places in the code are told
/// by their distance from the beginning of the text. Whatever the bytes are, it reads only them.
class GoFunctions {
public:
    /// A function in the table.
    struct Function {
        std::uint32_t entry = 0;
        std::size_t at = 0;  ///< Where its description is.
    };
    /// A call that the compiler has replaced by what is called.
    struct Inlined {
        std::uint32_t name = 0;
        std::uint32_t parent = 0;  ///< A place of the call, from the caller's entry.
    };
    /// Reads a call from the tree that begins at an offset in the data of functions, which the
    /// program has elsewhere.
    using ReadInlined = std::function<std::optional<Inlined>(std::uint32_t tree, int index)>;

    /// Nothing for another table, or a later one that is not known. `table` must outlive it.
    static std::optional<GoFunctions> open(std::string_view table);

    std::uint64_t count() const { return count_; }
    /// Where the list of functions begins in the table.
    std::uint64_t functions_at() const { return functions_; }
    /// Since Go 1.20 these calls are described otherwise, and modules too.
    bool is_of_1_20() const { return is_of_1_20_; }

    std::optional<Function> find(std::uint64_t offset) const;
    std::string name(const Function& function) const;
    /// How much of the stack the function uses there; nothing where that is not known.
    std::optional<std::uint64_t> stack_size(const Function& function, std::uint64_t offset) const;
    /// Innermost first: a function is in several of the program's where these have been put into
    /// their callers.
    std::vector<GoPlace> places(const Function& function,
                                std::uint64_t offset,
                                const ReadInlined& read_inlined) const;

private:
    explicit GoFunctions(std::string_view table) : table_{table} {}

    template <typename T>
    T read(std::uint64_t at) const;
    std::string text(std::uint64_t at) const;
    /// Of a table of values by places; nothing where it says none.
    std::optional<std::int32_t> value(const Function& function,
                                      std::uint32_t begin,
                                      std::uint64_t offset) const;
    GoPlace place(const Function& function, std::string name, std::uint64_t offset) const;
    int inlined_at(const Function& function, std::uint64_t offset) const;
    std::optional<std::uint32_t> inline_tree(const Function& function) const;
    std::uint64_t size_of_function() const;

    std::string_view table_;
    bool is_of_1_20_ = false;
    std::uint64_t unit_ = 1;  ///< Places are counted in it: the size of an instruction.
    std::uint64_t count_ = 0;
    std::uint64_t names_ = 0;
    std::uint64_t units_ = 0;
    std::uint64_t files_ = 0;
    std::uint64_t values_ = 0;
    std::uint64_t functions_ = 0;
};

}  // namespace devstack::diagnosis
