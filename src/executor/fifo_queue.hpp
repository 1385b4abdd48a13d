// SPDX-License-Identifier: MIT
#pragma once

// An unbounded first-in-first-out queue of nodes linked through `Node::next`: many producers, many consumers.
//
//   push:  link the node in front of inbox_ (newest first), by one CAS.
//   pop:   with mutex_, take the oldest of outbox_; when that is empty, take the whole inbox and turn it round.
//
// (1) Whatever is in outbox_ is older than whatever is in inbox_.
// (2) Only the holder of mutex_ takes the inbox, and it takes all: no ABA, though nodes come back at once.
// (3) empty() sees a node that was pushed before the call and stays inside until after it: pop() makes outbox_
//     non-null before it takes the inbox, and empty() looks at the inbox first. All four are sequentially consistent,
//     as a sleeper's last look must be ordered with a producer's push.
// (4) closed() in inbox_ is final: it is put there only while the queue is empty, and push() then refuses.

#include <atomic>
#include <mutex>

namespace baton::detail {

template <typename Node>
class FifoQueue {
 public:
  FifoQueue() = default;
  FifoQueue(const FifoQueue&) = delete;
  FifoQueue& operator=(const FifoQueue&) = delete;

  /// Appends `node`, which belongs to whoever pops it from then on. False: the queue is closed.
  bool push(Node& node) noexcept {
    Node* newest = inbox_.load(std::memory_order_relaxed);  // only a guess for the CAS
    do {
      if (newest == closed()) return false;
      node.next = newest;
    } while (!inbox_.compare_exchange_weak(newest, &node, std::memory_order_seq_cst, std::memory_order_relaxed));
    return true;
  }

  /// Takes the oldest node, or null.
  Node* pop() noexcept {
    // The inbox is looked at only if need be: it is on the producers' cache line.
    if (outbox_.load(std::memory_order_relaxed) == nullptr && empty()) return nullptr;
    const std::lock_guard lock(mutex_);
    Node* oldest = outbox_.load(std::memory_order_relaxed);  // written under mutex_ only
    if (oldest == nullptr) {
      Node* newest = inbox_.load(std::memory_order_relaxed);
      if (newest == nullptr || newest == closed()) return nullptr;
      outbox_.store(newest, std::memory_order_seq_cst);              // (3): not null, no more than that
      newest = inbox_.exchange(nullptr, std::memory_order_seq_cst);  // acquires what the producers wrote
      oldest = reversed(newest);
    }
    outbox_.store(oldest->next, std::memory_order_seq_cst);
    return oldest;
  }

  /// Whether everything pushed has been popped.
  [[nodiscard]] bool empty() const noexcept {
    const Node* newest = inbox_.load(std::memory_order_seq_cst);
    return (newest == nullptr || newest == closed()) && outbox_.load(std::memory_order_seq_cst) == nullptr;
  }

  /// Refuses pushes from now on, if the queue is empty; else returns false. Closing twice is allowed.
  bool close() noexcept {
    const std::lock_guard lock(mutex_);
    if (outbox_.load(std::memory_order_relaxed) != nullptr) return false;
    Node* newest = nullptr;
    return inbox_.compare_exchange_strong(newest, closed(), std::memory_order_seq_cst) || newest == closed();
  }

 private:
  static Node* closed() noexcept {
    alignas(Node) static char mark[sizeof(Node)];  // an address that no node has
    return reinterpret_cast<Node*>(mark);
  }

  static Node* reversed(Node* newest) noexcept {
    Node* list = nullptr;
    while (newest != nullptr) {
      Node* const older = newest->next;
      newest->next = list;
      list = newest;
      newest = older;
    }
    return list;
  }

  alignas(64) std::atomic<Node*> inbox_{nullptr};
  alignas(64) std::mutex mutex_;
  std::atomic<Node*> outbox_{nullptr};  // its links are guarded by mutex_
};

}  // namespace baton::detail
