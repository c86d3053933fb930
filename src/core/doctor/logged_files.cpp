#include "devstack/core/doctor/logged_files.hpp"

#include "core/doctor/picture.hpp"

#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

std::string trouble_in(const std::string& line) {
    struct Word {
        const char* word;
        const char* trouble;
    };
    static constexpr std::array words{
        Word{"no such file or directory", "missing"},
        Word{": cd: can't cd to ", "missing"},
        Word{"NoSuchFileException", "missing"},
        Word{"permission denied", "denied"},
        Word{"AccessDeniedException", "denied"},
        Word{"read-only file system", "read-only"},
        Word{"attempt to write a readonly database", "database"},
        Word{"unable to open database file", "database-open"},
        Word{"unable to open the database file", "database-open"},
    };
    for (const Word& it : words) {
        if (contains_word(line, it.word)) return it.trouble;
    }
    return "";
}

std::string path_in(const std::string& line) {
    static const std::string why =
        "(?:no such file or directory|permission denied|"
        "read-only file system)";
    static const auto flags = std::regex::ECMAScript | std::regex::icase;
    static const std::array forms{
        // Node.js: "ENOENT: no such file or directory, open 'data/a.json'".
        std::regex{"E(?:NOENT|ACCES|PERM|ROFS): [^,']+, \\w+ '([^']+)'"},
        // Python: "[Errno 13] Permission denied: 'a.txt'".
        std::regex{"\\[Errno \\d+\\] [^:']+: '([^']+)'"},
        // python3: "can't open file '/srv/a.py': [Errno 2] No such file or directory".
        std::regex{"can't open file '([^']+)'"},
        // Shells: "run.sh: 3: cd: can't cd to api", "run.sh: line 3: cd: api: No such file …".
        std::regex{": cd: (?:can't cd to )?([^\\s:]+)"},
        // Ruby: "No such file or directory @ rb_sysopen - a.yml".
        std::regex{why + " @ \\w+ - ([^\\s)]+)", flags},
        // Java: "java.io.FileNotFoundException: a.properties (Permission denied)".
        std::regex{"Exception: (\\S+) \\(" + why + "\\)", flags},
        std::regex{"(?:NoSuchFile|AccessDenied)Exception: ([^\\s:]+)"},
        // PHP: "fopen(/srv/a.log): Failed to open stream: Permission denied".
        std::regex{"\\w\\(([^()\\s]+)\\): failed to open stream: " + why, flags},
        // Go, C and shells: "open a.yaml: no such file or directory", "Can't open 'a': No such …".
        std::regex{"(?:^|[\\s:\"'`(])([\\w.@+~/-]*[./][\\w.@+~/-]*)[\"'`)]*:? \\(?" + why, flags},
    };
    for (const std::regex& form : forms) {
        std::smatch found;
        if (std::regex_search(line, found, form)) return found[1].str();
    }
    return "";
}

}  // namespace

std::string find_missing_class(const std::string& line) {
    static const std::regex form{
        R"re((?:Class|Interface|Trait|Enum) ["']\\?([A-Z]\w*(?:\\\w+)+)["'] not found)re"};
    std::smatch found;
    const bool is_told = contains(line, " not found") && std::regex_search(line, found, form);
    return is_told ? found[1].str() : "";
}

FileComplaint find_file_complaint(const std::string& line) {
    constexpr std::size_t line_max = 2000;
    if (line.size() > line_max) return {};
    const std::string trouble = trouble_in(line);
    if (trouble == "database-open") return {"nable to open", trouble};
    if (trouble.empty() || trouble == "database") return {"", trouble};
    // nginx's are read with its configuration.
    if (contains(line, " failed (")) return {};
    const std::string path = path_in(line);
    return path.empty() ? FileComplaint{} : FileComplaint{path, trouble};
}

}  // namespace devstack::core::doctor
