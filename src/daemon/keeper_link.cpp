#include "devstack/daemon/keeper_link.hpp"

#include "devstack/platform/message_socket.hpp"
#include "devstack/platform/spawn_block.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace devstack::daemon {

namespace protocol = platform::keeper_protocol;
using platform::FileDescriptor;
using platform::ReceivedMessage;

namespace {

template <typename Message>
std::string bytes_of(const Message& message) {
    std::string bytes(sizeof message, '\0');
    std::memcpy(bytes.data(), &message, sizeof message);
    return bytes;
}

/// Closed when the system refuses.
FileDescriptor make_memory_file(const std::string& content) {
    FileDescriptor file{::memfd_create("devstack-spawn", MFD_CLOEXEC)};
    std::size_t written = 0;
    while (file.is_open() && written < content.size()) {
        const ssize_t size =
            ::write(file.get(), content.data() + written, content.size() - written);
        if (size <= 0) return {};
        written += static_cast<std::size_t>(size);
    }
    return file;
}

/// A keeper that is newer than we are may have put more behind the fields that we know.
template <typename Message>
std::optional<Message> read_message(std::string_view bytes) {
    if (bytes.size() < sizeof(Message)) return std::nullopt;
    Message message;
    std::memcpy(static_cast<void*>(&message), bytes.data(), sizeof message);
    return message;
}

template <std::size_t size>
std::string label_of(const char (&label)[size]) {
    return {label, ::strnlen(label, size)};
}

KeeperExited exit_of(const protocol::Exited& message) {
    return {message.token,
            message.pid,
            message.code,
            message.signal,
            message.dumped_core != 0,
            message.code == protocol::exit_code_unknown,
            message.user_time_us,
            message.system_time_us,
            message.peak_memory_kib};
}

/// What the keeper has to do for it.
std::uint32_t flags_of(const platform::SpawnRequest& request) {
    const platform::SpawnSettings& settings = request.settings;
    std::uint32_t flags = 0;
    if (request.keeps_output_open) flags |= protocol::spawn_with_lasting_output;
    if (settings.terminal) {
        flags |= protocol::spawn_in_terminal;
    } else if (settings.holds_input_open) {
        flags |= protocol::spawn_with_open_input;
    }
    const bool is_apart = settings.identity || settings.capabilities || settings.oom_score_adj;
    return is_apart ? flags | protocol::spawn_apart : flags;
}

using Descriptors = std::array<FileDescriptor, platform::message_descriptors_max>;

std::optional<KeeperMessage> decode_spawned(std::string_view bytes, Descriptors& descriptors) {
    const auto message = read_message<protocol::Spawned>(bytes);
    if (!message || !descriptors[2].is_open()) return std::nullopt;
    return KeeperSpawned{message->token,
                         message->pid,
                         std::move(descriptors[0]),
                         std::move(descriptors[1]),
                         std::move(descriptors[2])};
}

std::optional<KeeperMessage> decode_child(std::string_view bytes, Descriptors& descriptors) {
    const auto message = read_message<protocol::Child>(bytes);
    if (!message) return std::nullopt;
    KeeperChild child;
    child.label = label_of(message->label);
    child.child.token = message->token;
    child.child.pid = message->pid;
    const bool is_alive = message->has_exited == 0;
    const std::size_t expected = is_alive ? 3 : 2;
    if (!descriptors.at(expected - 1).is_open()) return std::nullopt;
    if (is_alive) child.child.pidfd = std::move(descriptors[0]);
    child.child.standard_output = std::move(descriptors.at(expected - 2));
    child.child.standard_error = std::move(descriptors.at(expected - 1));
    if (!is_alive) child.exit = exit_of(message->exit);
    return child;
}

std::optional<KeeperMessage> decode_held(std::string_view bytes, Descriptors& descriptors) {
    const auto message = read_message<protocol::Held>(bytes);
    if (!message || !descriptors[0].is_open()) return std::nullopt;
    return KeeperHeld{message->token, label_of(message->label), std::move(descriptors[0])};
}

/// Empty for what is no message of the protocol.
std::optional<KeeperMessage> decode(std::string_view bytes, Descriptors& descriptors) {
    const auto header = read_message<protocol::MessageHeader>(bytes);
    if (!header || header->size != bytes.size()) return std::nullopt;
    switch (header->kind) {
        case protocol::Kind::welcome:
            if (const auto message = read_message<protocol::Welcome>(bytes)) {
                return KeeperWelcome{message->version,
                                     message->children,
                                     static_cast<int>(message->keeper_pid),
                                     message->held};
            }
            return std::nullopt;
        case protocol::Kind::child: return decode_child(bytes, descriptors);
        case protocol::Kind::spawned: return decode_spawned(bytes, descriptors);
        case protocol::Kind::spawn_failed:
            if (const auto message = read_message<protocol::SpawnFailed>(bytes)) {
                return KeeperSpawnFailed{message->token, message->stage, message->error};
            }
            return std::nullopt;
        case protocol::Kind::exited:
            if (const auto message = read_message<protocol::Exited>(bytes)) {
                return exit_of(*message);
            }
            return std::nullopt;
        case protocol::Kind::stray_reaped:
            if (const auto message = read_message<protocol::StrayReaped>(bytes)) {
                return KeeperStrayReaped{message->pid};
            }
            return std::nullopt;
        case protocol::Kind::held: return decode_held(bytes, descriptors);
        case protocol::Kind::upgraded:
            if (const auto message = read_message<protocol::Upgraded>(bytes)) {
                return KeeperUpgraded{message->error};
            }
            return std::nullopt;
        case protocol::Kind::hello:
        case protocol::Kind::spawn:
        case protocol::Kind::forget:
        case protocol::Kind::hold:
        case protocol::Kind::release:
        case protocol::Kind::adopt:
        case protocol::Kind::upgrade:
        case protocol::Kind::farewell: break;
    }
    return std::nullopt;
}

}  // namespace

KeeperLink::KeeperLink(FileDescriptor channel) : channel_{std::move(channel)} {}

void KeeperLink::say_hello() {
    send(bytes_of(protocol::Hello{}));
}

void KeeperLink::spawn(std::uint64_t token,
                       const std::string& label,
                       const platform::SpawnRequest& request) {
    protocol::Spawn message;
    message.token = token;
    std::copy_n(label.data(), std::min(label.size(), sizeof message.label - 1), message.label);
    // What can not be encoded goes as an empty block, which the keeper refuses: one way to fail.
    const auto encoded = platform::encode_spawn_block(request);
    const std::string block = encoded ? *encoded : std::string{};
    message.block_size = static_cast<std::uint32_t>(block.size());
    message.flags = flags_of(request);
    message.descriptor_count = static_cast<std::uint32_t>(request.descriptors.size());
    std::vector<FileDescriptor> descriptors;
    if (block.size() <= protocol::inline_block_max) {
        message.header.size += message.block_size;
        for (const int it : request.descriptors)
            descriptors.push_back(platform::duplicate(it));
        send(bytes_of(message) + block, std::move(descriptors));
    } else {
        message.is_block_in_memfd = 1;
        descriptors.push_back(make_memory_file(block));
        for (const int it : request.descriptors)
            descriptors.push_back(platform::duplicate(it));
        send(bytes_of(message), std::move(descriptors));
    }
}

void KeeperLink::forget(std::uint64_t token) {
    protocol::Forget message;
    message.token = token;
    send(bytes_of(message));
}

void KeeperLink::hold(std::uint64_t token, const std::string& label, int descriptor) {
    protocol::Hold message;
    message.token = token;
    std::copy_n(label.data(), std::min(label.size(), sizeof message.label - 1), message.label);
    std::vector<FileDescriptor> descriptors;
    descriptors.push_back(platform::duplicate(descriptor));
    send(bytes_of(message), std::move(descriptors));
}

void KeeperLink::release(std::uint64_t token) {
    protocol::Release message;
    message.token = token;
    send(bytes_of(message));
}

void KeeperLink::adopt(std::uint64_t token, const std::string& label, const KeeperSpawned& child) {
    protocol::Adopt message;
    message.token = token;
    message.pid = child.pid;
    std::copy_n(label.data(), std::min(label.size(), sizeof message.label - 1), message.label);
    std::vector<FileDescriptor> descriptors;
    for (const FileDescriptor* it : {&child.pidfd, &child.standard_output, &child.standard_error})
        descriptors.push_back(platform::duplicate(it->get()));
    send(bytes_of(message), std::move(descriptors));
}

void KeeperLink::upgrade(int program) {
    std::vector<FileDescriptor> descriptors;
    descriptors.push_back(platform::duplicate(program));
    send(bytes_of(protocol::Upgrade{}), std::move(descriptors));
}

void KeeperLink::say_farewell() {
    send(bytes_of(protocol::Farewell{}));
}

Result<std::optional<KeeperMessage>> KeeperLink::receive() {
    constexpr std::size_t message_size_max = 4096;  // Of this version or the next ones.
    std::array<char, message_size_max> buffer;
    ReceivedMessage message =
        platform::receive_message(channel_.get(), buffer.data(), buffer.size());
    if (message.outcome == ReceivedMessage::Outcome::nothing_now) {
        return std::optional<KeeperMessage>{};
    }
    if (message.outcome == ReceivedMessage::Outcome::end) {
        unsent_.clear();
        flush();
        return std::optional<KeeperMessage>{KeeperGone{}};
    }
    if (message.has_lost_descriptors) {
        return Error{Error::Kind::system,
                     "cannot take a descriptor from the keeper: too many open files"};
    }
    auto decoded = decode({buffer.data(), message.size}, message.descriptors);
    if (message.is_cut || !decoded) {
        return Error{Error::Kind::invalid,
                     "the keeper has sent a message of " + std::to_string(message.size) +
                         " bytes that is not of its protocol"};
    }
    return decoded;
}

void KeeperLink::flush() {
    while (!unsent_.empty() && try_send(unsent_.front())) {
        unsent_begin_ += unsent_.front().size;
        unsent_.pop_front();
    }
    if (!unsent_.empty()) return;
    unsent_bytes_ = {};
    unsent_begin_ = 0;
}

void KeeperLink::send(const std::string& bytes, std::vector<FileDescriptor> descriptors) {
    unsent_bytes_ += bytes;
    unsent_.push_back({bytes.size(), std::move(descriptors)});
    if (unsent_.size() == 1) flush();
}

/// To a keeper that is gone everything counts as sent: KeeperGone tells it.
bool KeeperLink::try_send(const Unsent& message) {
    const char* bytes = unsent_bytes_.data() + unsent_begin_;
    std::vector<int> numbers;
    for (const FileDescriptor& it : message.descriptors) {
        if (it.is_open()) numbers.push_back(it.get());
    }
    const auto outcome =
        platform::send_message(channel_.get(), bytes, message.size, std::span<const int>{numbers});
    return outcome == platform::SendOutcome::sent || outcome == platform::SendOutcome::gone;
}

}  // namespace devstack::daemon
