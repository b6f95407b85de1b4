# cmake -DINPUT=FILE -DOUTPUT=HEADER -DNAME=CONSTANT -P embed.cmake: writes a file's bytes as a constant of C++.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
file(WRITE ${OUTPUT} "constexpr char ${NAME}[] = \"${bytes}\";\n")
