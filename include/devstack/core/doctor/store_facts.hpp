#pragma once

#include <string>
#include <vector>

// What databases and stores have told of those who use them.
namespace devstack::core::doctor {

/// Somebody in a database who waits for a lock, and who holds it.
struct LockWaitFact {
    int pid = 0;  ///< Of PostgreSQL's process.
    std::string who;
    int seconds = 0;
    std::string query;
    int blocker_pid = 0;
    std::string blocker;
    std::string blocker_state;  ///< "idle in transaction".
    int blocker_seconds = 0;    ///< In that state.
    std::string blocker_query;  ///< The last one, or the one that runs.
    /// Of the clients' ends of the two connections; 0: unknown. By them `who` and `blocker` become
    /// services.
    int port = 0;
    int blocker_port = 0;
};

/// A connection to a database, by the same user.
struct SessionFact {
    int id = 0;
    int port = 0;         ///< Of the client's end.
    std::string service;  ///< Whose it is; empty: none of this project's, or unknown.
    std::string state;    ///< "idle in transaction", "active", "idle".
    int seconds = 0;      ///< In that state.
    std::string query;    ///< The last one, or the one that runs.
};

/// Connections that a service has to a store.
struct StoreClientFact {
    std::string service;
    int count = 0;
};

/// A queue of jobs in a store that has jobs waiting, at two looks.
struct QueueFact {
    std::string kind;  ///< "BullMQ", "RQ", "Sidekiq", "Resque", "Celery", "Laravel".
    std::string name;
    int waiting = 0;
    bool has_told = false;  ///< Workers of this kind say from which queues they take.
    int consumers = 0;      ///< That have said that they take from this one.
    /// Number of another database of the store where somebody takes from a queue of that name, or,
    /// if they do not say from which, waits for something to be put into a list.
    std::string elsewhere;
    std::vector<std::string> others;  ///< Queues of this kind that somebody takes from.
    /// Clients of its database that wait for something to be put into lists of theirs: so it is
    /// none of these.
    int idle_takers = 0;
    bool has_busy_takers = false;  ///< It may be of these that it waits for.
};

}  // namespace devstack::core::doctor
