// client_story COMMAND...: runs a client through the story and says whether it told it.
#include <cstdio>
#include <string>
#include <vector>

#include "tests/clients/story.h"

int main(int argc, char** argv) {
  const std::string wrong = waymark::clients::TellStory(std::vector<std::string>(argv + 1, argv + argc));
  if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
  return wrong.empty() ? 0 : 1;
}
