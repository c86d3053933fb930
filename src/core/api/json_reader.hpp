#pragma once

#include "devstack/base/boxed.hpp"
#include "devstack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Reads JSON straight into structs: no tree in between. A struct is described once, by a table of
// its fields ("shape"); wrong types, missing fields and numbers out of range are errors that name
// the field ("services[3].pid: …"). Fields that a table does not know are skipped, since newer
// daemons may say more.
namespace devstack::core::api {

struct Shape;

/// Where an object goes: `open` makes room for it in its owner and returns it.
struct ObjectSlot {
    void* owner = nullptr;
    void* (*open)(void* owner) = nullptr;
    const Shape* shape = nullptr;
};
/// Where a list of objects goes: `open` appends one. The other two are for who writes it.
struct ListSlot {
    ObjectSlot element;
    std::size_t (*size)(const void* owner) = nullptr;
    void* (*at)(void* owner, std::size_t index) = nullptr;
};
/// Nobody wants the value.
struct SkipSlot {};

using Slot = std::variant<SkipSlot,
                          std::string*,
                          bool*,
                          int*,
                          std::uint32_t*,
                          std::uint64_t*,
                          double*,
                          std::vector<std::string>*,
                          ObjectSlot,
                          ListSlot>;

struct Field {
    std::string_view name;
    Slot (*slot)(void* object) = nullptr;
    bool is_required = false;
};

struct Shape {
    std::span<const Field> fields;  ///< At most 64: see Filler.
};

/// To be specialised for each struct that is read.
template <typename T>
const Shape& shape_of();

template <typename T>
Slot slot_for(T& target) {
    return &target;
}
template <typename T>
Slot slot_for(std::vector<T>& target) {
    const auto append = [](void* owner) -> void* {
        return &static_cast<std::vector<T>*>(owner)->emplace_back();
    };
    const auto size = [](const void* owner) {
        return static_cast<const std::vector<T>*>(owner)->size();
    };
    const auto at = [](void* owner, std::size_t index) -> void* {
        return &(*static_cast<std::vector<T>*>(owner))[index];
    };
    return ListSlot{{&target, append, &shape_of<T>()}, size, at};
}
inline Slot slot_for(std::vector<std::string>& target) {
    return &target;
}
template <typename T>
Slot slot_for_object(T& target) {
    return ObjectSlot{&target, [](void* owner) { return owner; }, &shape_of<T>()};
}
template <typename T>
Slot slot_for(std::optional<T>& target) {
    const auto open = [](void* owner) -> void* {
        return &static_cast<std::optional<T>*>(owner)->emplace();
    };
    return ObjectSlot{&target, open, &shape_of<T>()};
}
template <typename T>
Slot slot_for(Boxed<T>& target) {
    const auto open = [](void* owner) -> void* {
        return &static_cast<Boxed<T>*>(owner)->emplace();
    };
    return ObjectSlot{&target, open, &shape_of<T>()};
}

template <typename Owner, typename T>
T& member_of(void* object, T Owner::*member) {
    return static_cast<Owner*>(object)->*member;
}
/// The slot of a plain member, list or optional …
template <auto Member>
Slot slot(void* object) {
    return slot_for(member_of(object, Member));
}
/// … and of a struct inside a struct.
template <auto Member>
Slot object_slot(void* object) {
    return slot_for_object(member_of(object, Member));
}

/// Fills what `root` says where to put: an object, or a list of objects.
Status read_json(std::string_view text, const Slot& root);

template <typename T>
Slot root_slot(T& target) {
    return slot_for_object(target);
}
template <typename T>
Slot root_slot(std::vector<T>& target) {
    return slot_for(target);
}

template <typename T>
Result<T> read_json(std::string_view text) {
    T message;
    Status status = read_json(text, root_slot(message));
    if (!status) return std::move(status).error();
    return message;
}

}  // namespace devstack::core::api
