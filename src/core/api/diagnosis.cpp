#include "devstack/core/api/diagnosis_message.hpp"

#include "core/api/finding_json.hpp"

namespace devstack::core::api {

template <>
const Shape& shape_of<FindingMessage>() {
    static constexpr Field fields[] = {
        {"id", slot<&FindingMessage::id>, true},
        {"service", slot<&FindingMessage::service>},
        {"cause", slot<&FindingMessage::cause>, true},
        {"confidence", slot<&FindingMessage::confidence>},
        {"evidence", slot<&FindingMessage::evidence>},
        {"explains", slot<&FindingMessage::explains>},
        {"affects", slot<&FindingMessage::affects>},
        {"fix", slot<&FindingMessage::fix>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<DiagnosisMessage>() {
    static constexpr Field fields[] = {
        {"healthy", slot<&DiagnosisMessage::is_healthy>, true},
        {"findings", slot<&DiagnosisMessage::findings>, true},
        {"ruled_out", slot<&DiagnosisMessage::ruled_out>},
        {"seen", slot<&DiagnosisMessage::seen>},
        {"unseen", slot<&DiagnosisMessage::unseen>},
        {"threads", slot<&DiagnosisMessage::threads>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

void write(JsonWriter& json, const FindingMessage& finding) {
    json.begin_object();
    json.field("id", finding.id);
    json.field("service", finding.service);
    json.field("cause", finding.cause);
    json.field("confidence", finding.confidence);
    json.field("evidence", finding.evidence);
    json.field("explains", finding.explains);
    if (!finding.affects.empty()) json.field("affects", finding.affects);
    json.field("fix", finding.fix);
    json.end_object();
}

std::string to_text(const DiagnosisMessage& message) {
    JsonWriter json{JsonWriter::Layout::indented};
    json.begin_object();
    json.field("healthy", message.is_healthy);
    json.key("findings");
    json.begin_list();
    for (const FindingMessage& it : message.findings)
        write(json, it);
    json.end_list();
    json.field("ruled_out", message.ruled_out);
    json.field("seen", message.seen);
    json.field("unseen", message.unseen);
    if (!message.threads.empty()) json.field("threads", message.threads);
    json.end_object();
    return json.take() + "\n";
}

Result<DiagnosisMessage> parse_diagnosis(std::string_view text) {
    return read_json<DiagnosisMessage>(text);
}

}  // namespace devstack::core::api
