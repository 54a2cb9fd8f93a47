#include "samples/failover_demo/alternate_screen.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <iostream>
#include <string_view>

namespace failover_demo {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

/// Signals that end a program. SIGINT and SIGTERM are asked for in good order (see `samples::StopSignals`).
constexpr std::array kDeadly = {SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// Whoever handled the signal before us: the system, or a sanitizer.
std::array<struct sigaction, kDeadly.size()> former{};
struct sigaction former_suspend{};

// Handlers do nothing but system calls.
void Write(std::string_view text) { static_cast<void>(write(STDOUT_FILENO, text.data(), text.size()) < 0); }

void OnDeadly(int signal) {
  Write(kLeave);
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    if (kDeadly[i] == signal) sigaction(signal, &former[i], nullptr);
  }
  // A fault of an instruction comes again when it is executed again, with all that a sanitizer wants to know of it.
  if (signal == SIGHUP || signal == SIGQUIT || signal == SIGABRT) raise(signal);
}

void OnSuspend(int) {
  Write(kLeave);
  raise(SIGSTOP);
  Write(kEnter);  // The next refresh fills it.
}

void Handle(int signal, void (*handler)(int), struct sigaction& before) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, &before);
}

}  // namespace

void AlternateScreen::Enter() {
  if (entered_) return;
  entered_ = true;
  for (std::size_t i = 0; i < kDeadly.size(); ++i) Handle(kDeadly[i], OnDeadly, former[i]);
  Handle(SIGTSTP, OnSuspend, former_suspend);
  std::cout << kEnter << std::flush;
}

void AlternateScreen::Leave() {
  if (!entered_) return;
  entered_ = false;
  std::cout << kLeave << std::flush;
  for (std::size_t i = 0; i < kDeadly.size(); ++i) sigaction(kDeadly[i], &former[i], nullptr);
  sigaction(SIGTSTP, &former_suspend, nullptr);
}

}  // namespace failover_demo
