#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_ALTERNATE_SCREEN_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_ALTERNATE_SCREEN_H_

namespace failover_demo {

/// The second screen of the terminal on stdout, without a cursor. What the user saw before comes back when the program
/// leaves it, and when the program ends in whatever way: by a signal that nobody handles, by a crash, while it is
/// suspended (Ctrl-Z). One per process.
class AlternateScreen {
 public:
  AlternateScreen() = default;
  ~AlternateScreen() { Leave(); }
  AlternateScreen(const AlternateScreen&) = delete;
  AlternateScreen& operator=(const AlternateScreen&) = delete;

  /// Both may be called twice.
  void Enter();
  void Leave();

 private:
  bool entered_ = false;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_ALTERNATE_SCREEN_H_
