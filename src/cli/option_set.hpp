#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

/// One line of a help text: what is typed, and what it means.
struct HelpLine {
    std::string term;
    std::string description;
};

/// One thing that may be typed after a command.
struct OptionView {
    std::vector<std::string>
        names;          ///< "-f", "--follow", short ones first; of a word one: "SERVICE".
    std::string value;  ///< As the help calls it, "TIME"; empty: it takes none.
    std::string description;
    bool is_word = false;  ///< It has no dash, and is told by its place.
    bool is_list = false;  ///< A word that may come more than once.
};

/// What may be typed after a command. Targets are filled in by `parse` and must live until then;
/// those not typed keep the value they have. `names` are as "-f,--follow".
class OptionSet {
public:
    OptionSet();
    ~OptionSet();
    OptionSet(const OptionSet&) = delete;
    OptionSet& operator=(const OptionSet&) = delete;

    void flag(const std::string& names, bool& target, const std::string& description);
    void text(const std::string& names,
              const std::string& value,
              std::string& target,
              const std::string& description);
    /// One that may be given several times.
    void texts(const std::string& names,
               const std::string& value,
               std::vector<std::string>& target,
               const std::string& description);
    void duration(const std::string& names, Duration& target, const std::string& description);
    void optional_duration(const std::string& names,
                           std::optional<Duration>& target,
                           const std::string& description);
    void count(const std::string& names, std::size_t& target, const std::string& description);

    /// Words without a dash, in the order in which they are declared.
    void word(const std::string& name, std::string& target, const std::string& description);
    void optional_word(const std::string& name,
                       std::optional<std::string>& target,
                       const std::string& description);
    void words(const std::string& name,
               std::vector<std::string>& target,
               const std::string& description,
               bool needs_one = false);
    void optional_port(const std::string& name,
                       std::optional<Port>& target,
                       const std::string& description);

    /// Fails (invalid) with what is wrong and what may have been meant: "unknown option --jsn (did
    /// you mean `--json`?)".
    Status parse(const std::vector<std::string>& arguments);

    /// All that can be typed, words first.
    std::vector<OptionView> options() const;
    /// The same for people.
    std::vector<HelpLine> help() const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace devstack::cli
