// tusd's own handler, file store and locks, as the command tusd has them.
//
//	program FOLDER REFUSAL
//
// Its hook for complete uploads refuses with the status in the file REFUSAL, if there is one. The first line that it prints is its address.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/tus/tusd/v2/pkg/filelocker"
	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
)

func main() {
	folder, refusal := os.Args[1], os.Args[2]
	composer := handler.NewStoreComposer()
	filestore.New(folder).UseIn(composer)
	filelocker.New(folder).UseIn(composer)
	config := handler.Config{
		BasePath:      "/files/",
		StoreComposer: composer,
		PreFinishResponseCallback: func(handler.HookEvent) (handler.HTTPResponse, error) {
			text, err := os.ReadFile(refusal)
			if err != nil {
				return handler.HTTPResponse{}, nil
			}
			status, err := strconv.Atoi(string(text))
			if err != nil || status == http.StatusInternalServerError {
				return handler.HTTPResponse{}, errors.New("refused")
			}
			return handler.HTTPResponse{StatusCode: status, Body: "refused"}, nil
		},
	}
	tusd, err := handler.NewHandler(config)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	http.Handle("/files/", http.StripPrefix("/files/", tusd))
	http.Handle("/files", http.StripPrefix("/files", tusd))
	log.Fatal(http.Serve(listener, nil))
}
