#include "request.hpp"

#include <algorithm>
#include <cstring>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;

namespace {

template <typename Message>
std::optional<Message> read_message(const char* bytes, std::size_t size) {
    if (size < sizeof(Message)) return std::nullopt;
    Message message;
    std::memcpy(static_cast<void*>(&message), bytes, sizeof message);
    return message;
}

/// Fields that an older daemon does not know are zero.
std::optional<Request> read_spawn(const char* bytes, std::size_t size) {
    if (size < protocol::spawn_size_min) return std::nullopt;
    protocol::Spawn spawn;
    std::memcpy(static_cast<void*>(&spawn), bytes, protocol::spawn_size_min);
    if (spawn.token == 0) return std::nullopt;
    Request request;
    request.kind = protocol::Kind::spawn;
    request.token = spawn.token;
    request.block_size = spawn.block_size;
    request.is_block_in_memfd = spawn.is_block_in_memfd != 0;
    std::copy_n(spawn.label, request.label.size() - 1, request.label.begin());
    if (!request.is_block_in_memfd) {
        if (request.block_size > size - protocol::spawn_size_min) return std::nullopt;
        size -= request.block_size;
        request.block = bytes + size;
    }
    if (size >= sizeof spawn) {
        std::memcpy(static_cast<void*>(&spawn), bytes, sizeof spawn);
        request.flags = spawn.flags;
        request.descriptor_count = spawn.descriptor_count;
        if (request.descriptor_count > protocol::passed_descriptors_max) return std::nullopt;
    }
    return request;
}

/// Of `forget` and `release`.
template <typename Message>
std::optional<Request> read_token(const char* bytes, std::size_t size) {
    const auto message = read_message<Message>(bytes, size);
    if (!message || message->token == 0) return std::nullopt;
    Request request;
    request.kind = message->header.kind;
    request.token = message->token;
    return request;
}

std::optional<Request> read_hold(const char* bytes, std::size_t size) {
    auto request = read_token<protocol::Hold>(bytes, size);
    if (!request) return std::nullopt;
    std::copy_n(
        bytes + offsetof(protocol::Hold, label), request->label.size() - 1, request->label.begin());
    return request;
}

std::optional<Request> read_adopt(const char* bytes, std::size_t size) {
    const auto message = read_message<protocol::Adopt>(bytes, size);
    if (!message || message->token == 0 || message->pid <= 1) return std::nullopt;
    Request request;
    request.kind = protocol::Kind::adopt;
    request.token = message->token;
    request.pid = message->pid;
    std::copy_n(message->label, request.label.size() - 1, request.label.begin());
    return request;
}

}  // namespace

std::optional<Request> read_request(const char* bytes, std::size_t size) {
    const auto header = read_message<protocol::MessageHeader>(bytes, size);
    if (!header || header->size != size) return std::nullopt;
    switch (static_cast<std::uint32_t>(header->kind)) {
        case static_cast<std::uint32_t>(protocol::Kind::hello):
            if (size < sizeof(protocol::Hello)) return std::nullopt;
            break;
        case static_cast<std::uint32_t>(protocol::Kind::farewell):
        case static_cast<std::uint32_t>(protocol::Kind::upgrade): break;
        case static_cast<std::uint32_t>(protocol::Kind::spawn): return read_spawn(bytes, size);
        case static_cast<std::uint32_t>(protocol::Kind::forget):
            return read_token<protocol::Forget>(bytes, size);
        case static_cast<std::uint32_t>(protocol::Kind::hold): return read_hold(bytes, size);
        case static_cast<std::uint32_t>(protocol::Kind::release):
            return read_token<protocol::Release>(bytes, size);
        case static_cast<std::uint32_t>(protocol::Kind::adopt): return read_adopt(bytes, size);
        default: return std::nullopt;
    }
    Request request;
    request.kind = header->kind;
    return request;
}

}  // namespace devstack::keeper
