// River under measurement: `river-bench fill|work|burst|insert <database's address> <jobs>`.
//
// `fill` stores jobs; `work` says `ready`, begins at `go` and says `recorded` when all are done;
// `burst` has its workers ready and stores all jobs at `go`, then says `inserted` and `recorded`;
// `insert` says how many jobs a second it stores in bulk.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const jobsAtOnce = 1000

type noopArgs struct {
	N int `json:"n"`
}

func (noopArgs) Kind() string { return "noop" }

type noopWorker struct {
	river.WorkerDefaults[noopArgs]
	ran  atomic.Int64
	jobs int64
	all  chan struct{}
}

func (w *noopWorker) Work(context.Context, *river.Job[noopArgs]) error {
	if w.ran.Add(1) == w.jobs {
		close(w.all)
	}
	return nil
}

func main() {
	ctx := context.Background()
	command, url := os.Args[1], os.Args[2]
	jobs, err := strconv.Atoi(os.Args[3])
	check(err)
	config, err := pgxpool.ParseConfig(url)
	check(err)
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(ctx, config)
	check(err)
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, nil)
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)

	worker := &noopWorker{jobs: int64(jobs), all: make(chan struct{})}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient(driver, &river.Config{
		FetchCooldown:     2 * time.Millisecond,
		FetchPollInterval: 20 * time.Millisecond,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}},
		Workers:           workers,
	})
	check(err)

	switch command {
	case "fill":
		insert(ctx, client, jobs, jobsAtOnce)
	case "insert":
		begin := time.Now()
		insert(ctx, client, jobs, jobsAtOnce)
		fmt.Printf("%.0f\n", float64(jobs)/time.Since(begin).Seconds())
	case "work":
		lines := ready()
		check(client.Start(ctx))
		waitUntilRecorded(ctx, pool, worker)
		for lines.Scan() {
		}
	case "burst":
		check(client.Start(ctx))
		time.Sleep(500 * time.Millisecond) // it elects a leader first
		lines := ready()
		insert(ctx, client, jobs, jobs)
		fmt.Println("inserted")
		waitUntilRecorded(ctx, pool, worker)
		for lines.Scan() {
		}
	}
}

func ready() *bufio.Scanner {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	return lines
}

func insert(ctx context.Context, client *river.Client[pgx.Tx], jobs, atOnce int) {
	for first := 0; first < jobs; first += atOnce {
		batch := make([]river.InsertManyParams, min(atOnce, jobs-first))
		for n := range batch {
			batch[n] = river.InsertManyParams{Args: noopArgs{N: first + n}}
		}
		_, err := client.InsertManyFast(ctx, batch)
		check(err)
	}
}

func waitUntilRecorded(ctx context.Context, pool *pgxpool.Pool, worker *noopWorker) {
	<-worker.all
	for {
		var unfinished int
		check(pool.QueryRow(ctx,
			"select count(*) from river_job where state <> 'completed'").Scan(&unfinished))
		if unfinished == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println("recorded")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
