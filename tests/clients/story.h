// The story that a client tells in every language: it applies a journey, streams events, watches stages, pages through
// a list, reads the details of an error, and calls on while one of two replicas is killed.
#ifndef WAYMARK_TESTS_CLIENTS_STORY_H_
#define WAYMARK_TESTS_CLIENTS_STORY_H_

#include <string>
#include <vector>

namespace waymark::clients {

// Runs a client against a `journey` and two replicas of `milestone`, whose addresses it is given as its last two
// arguments (`127.0.0.1:1` and `127.0.0.1:2,127.0.0.1:3`). It says `calling` when it begins to call `milestone` 300
// times; one replica is killed then. What went otherwise than told; empty: nothing.
std::string TellStory(std::vector<std::string> client);

}  // namespace waymark::clients

#endif  // WAYMARK_TESTS_CLIENTS_STORY_H_
