#pragma once

#include "devstack/core/profile/profile.hpp"

#include "form.hpp"
#include "setting.hpp"

#include <vector>

namespace devstack::core {

/// One table [knowledge.NAME].
KnowledgeSetting read_knowledge(const TomlEntry& entry, Report& report);
std::vector<KeyView> knowledge_key_views();

}  // namespace devstack::core
