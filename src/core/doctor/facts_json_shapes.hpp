#pragma once

#include "devstack/core/doctor/facts.hpp"

#include "core/api/json_fields.hpp"

// The tables that are not in facts_json.cpp itself.
namespace devstack::core::api {

using namespace doctor;

// In facts_json_claims.cpp.
template <>
const Shape& shape_of<FolderFact>();
template <>
const Shape& shape_of<TaskLimitFact>();
template <>
const Shape& shape_of<MiddlewareFact>();
template <>
const Shape& shape_of<ModuleFact>();
template <>
const Shape& shape_of<CrashFact>();
template <>
const Shape& shape_of<MentionFact>();
template <>
const Shape& shape_of<FileFact>();
template <>
const Shape& shape_of<OutgoingFact>();
template <>
const Shape& shape_of<ClaimFact>();
template <>
const Shape& shape_of<ReportFact>();
template <>
const Shape& shape_of<ProxyRouteFact>();
template <>
const Shape& shape_of<ProxyRuleFact>();
template <>
const Shape& shape_of<PathFact>();

// In facts_json_stores.cpp.
template <>
const Shape& shape_of<LockWaitFact>();
template <>
const Shape& shape_of<QueueFact>();
template <>
const Shape& shape_of<SessionFact>();
template <>
const Shape& shape_of<StoreClientFact>();

// In facts_json_threads.cpp.
template <>
const Shape& shape_of<ThreadFact>();
template <>
const Shape& shape_of<GoroutineFact>();
template <>
const Shape& shape_of<PeerFact>();

// In facts_json_surroundings.cpp.
template <>
const Shape& shape_of<HostEntryFact>();
template <>
const Shape& shape_of<NameServerFact>();
template <>
const Shape& shape_of<ClockFact>();

}  // namespace devstack::core::api
