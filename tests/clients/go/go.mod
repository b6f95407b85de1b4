module waymark.dev/client

go 1.24

require (
	google.golang.org/genproto/googleapis/rpc v0.0.0-20251002232023-7c0ddcbb5797
	google.golang.org/grpc v1.76.0
	google.golang.org/protobuf v1.36.10
	waymark.dev/gen v0.0.0
)

replace waymark.dev/gen => ./gen
