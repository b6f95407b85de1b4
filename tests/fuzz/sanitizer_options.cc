// What AddressSanitizer is told before it starts.

// Abseil's tables mark their empty slots as forbidden, and say so of a slot no more once it is filled. A table that is
// made here and filled by the rules, which are compiled without AddressSanitizer, would keep its marks.
extern "C" const char* __asan_default_options() { return "allow_user_poisoning=0"; }
