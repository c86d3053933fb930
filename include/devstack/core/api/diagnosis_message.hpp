#pragma once

#include "devstack/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::api {

/// A cause that the doctor has found: an entry of `findings` in GET /v1/doctor, and `finding` of a
/// service that is not well and of a crash record.
struct FindingMessage {
    std::string id;          ///< Stable, kebab-case: "port-held-by-stranger".
    std::string service;     ///< Whose trouble it is, perhaps another one's; empty: nobody's alone.
    std::string cause;       ///< One sentence.
    std::string confidence;  ///< "sure", "probable".
    std::vector<std::string> evidence;
    std::vector<std::string> explains;  ///< Sentences about what follows from it.
    std::vector<std::string> affects;   ///< Services that suffer from it, besides `service`.
    std::string fix;
    bool operator==(const FindingMessage&) const = default;
};

/// What `devstack doctor --json` and GET /v1/doctor say.
struct DiagnosisMessage {
    bool is_healthy = true;
    std::vector<FindingMessage> findings;  ///< Root causes first.
    std::vector<std::string> ruled_out;
    std::vector<std::string> seen;
    std::vector<std::string> unseen;
    std::vector<std::string> threads;  ///< Of a service that hangs: what each is doing.
    bool operator==(const DiagnosisMessage&) const = default;
};

/// Indented, with a line end.
std::string to_text(const DiagnosisMessage& message);
/// Fails with kind invalid and a message that names the field.
Result<DiagnosisMessage> parse_diagnosis(std::string_view text);

}  // namespace devstack::core::api
