package dev.lamina.torture;

import static dev.lamina.torture.FailingRuns.verify;

import dev.lamina.cli.Launches;
import dev.lamina.torture.FailingMain.How;
import dev.lamina.torture.FailingRuns.Failure;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Two machines with a worker and a launcher each: network namespaces, whose packets are delayed and
 * lost, and whose network is cut. Only where this program may make namespaces.
 */
final class Networks {
  private static final int DELAY_MILLIS = 20;
  private static final int LOSS_PERCENT = 1;
  private static final String COORDINATOR = "10.99.0.1:29500";

  /** The timeout in the step, the roll call, the launcher that kills who is silent; and as much. */
  private static final long MAX_SECONDS_TO_END = 2 * (Distributed.TIMEOUT.toSeconds() + 20 + 40);

  private final FailingRuns runs;
  private final Random random;

  private Networks(FailingRuns runs, Random random) {
    this.runs = runs;
    this.random = random;
  }

  /** Runs all three; says so where there can be no namespaces. */
  static void run(FailingRuns runs, Random random) throws IOException, InterruptedException {
    Process network;
    try {
      network = start();
    } catch (IOException e) {
      skip(e.toString());
      return;
    }
    try (BufferedReader said = network.inputReader(StandardCharsets.UTF_8)) {
      String line = said.readLine();
      if (!"ready".equals(line)) {
        skip(line);
        return;
      }
      Networks networks = new Networks(runs, random);
      networks.undisturbed();
      networks.killed();
      networks.cut();
    } finally {
      network.getOutputStream().close(); // It removes the namespaces.
      network.waitFor();
    }
  }

  private static void skip(String why) {
    System.out.println(FailingMain.object().put("network", "skipped: " + why));
  }

  private static Process start() throws IOException {
    return new ProcessBuilder(
            "python3",
            Path.of(System.getProperty("lamina.tools"), "distributed/network.py").toString(),
            Integer.toString(DELAY_MILLIS),
            Integer.toString(LOSS_PERCENT))
        .redirectErrorStream(true)
        .start();
  }

  private void undisturbed() throws IOException, InterruptedException {
    Path run = runs.run("network");
    long start = System.nanoTime();
    List<Process> machines = launch(run, List.of(), 0, 0);
    verify(await(machines).equals(List.of(0, 0)), said(run, 0));
    runs.check(run, List.of(), 1);
    report("undisturbed", start);
  }

  private void killed() throws IOException, InterruptedException {
    Path run = runs.run("network-killed");
    Failure failure =
        new Failure(random.nextInt(FailingRuns.WORKERS), 3 + random.nextInt(30), How.SIGKILL);
    long start = System.nanoTime();
    List<Process> machines = launch(run, List.of(failure), 3, 0);
    verify(await(machines).equals(List.of(0, 0)), said(run, 0));
    runs.check(run, List.of(failure), said(run, 0));
    report("worker killed", start);
  }

  private void cut() throws IOException, InterruptedException {
    Path run = runs.run("network-cut");
    long step = 3L + random.nextInt(30);
    List<Process> machines = launch(run, List.of(), 0, 0);
    while (FailingRuns.events(FailingRuns.log(run, 1), "step").size() <= step) {
      verify(machines.get(1).isAlive(), said(run, 0));
      Thread.sleep(5);
    }
    link("down");
    long start = System.nanoTime();
    List<Integer> statuses = await(machines);
    long seconds = report("cut after step " + step, start);
    verify(!statuses.contains(0) && seconds < MAX_SECONDS_TO_END, statuses + said(run, 0));
    verify(said(run, 0).contains("rank 1 of 2 workers did not answer within 15 s"), said(run, 0));
    verify(said(run, 0).contains("worker 0 at " + COORDINATOR + " did not"), said(run, 0));
    link("up");
    verify(await(launch(run, List.of(), 0, 1)).equals(List.of(0, 0)), said(run, 1));
    runs.check(run, List.of(), 2);
  }

  private static void link(String state) throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("ip", "-n", "lamina1", "link", "set", "lamina-t1", state)
            .inheritIO()
            .start()
            .waitFor();
    verify(status == 0, "ip link set " + state);
  }

  /** Starts the launchers of both machines. */
  private List<Process> launch(Path run, List<Failure> schedule, int restarts, int time)
      throws IOException {
    List<Process> machines = new ArrayList<>();
    List<String> program = runs.program(run, schedule);
    for (int machine = 0; machine < 2; machine++) {
      List<Object> words =
          new ArrayList<>(List.of(machine, COORDINATOR, Distributed.TIMEOUT.toSeconds(), restarts));
      words.addAll(program);
      ProcessBuilder builder = JavaProcess.of(Launches.class, words.toArray());
      builder.command().addAll(0, List.of("ip", "netns", "exec", "lamina" + machine));
      // As many as a worker of the undisturbed run has: they decide the last bits of sums.
      int threads = Runtime.getRuntime().availableProcessors() / FailingRuns.WORKERS;
      builder.environment().put("TF_NUM_INTRAOP_THREADS", Integer.toString(Math.max(1, threads)));
      machines.add(
          builder
              .redirectErrorStream(true)
              .redirectOutput(out(run, machine, time).toFile())
              .start());
    }
    return machines;
  }

  private static Path out(Path run, int machine, int time) {
    return run.resolve("out-" + machine + "-" + time + ".txt");
  }

  /** Returns what both machines have printed, at the first or the second time. */
  private static String said(Path run, int time) throws IOException {
    return Files.readString(out(run, 0, time)) + Files.readString(out(run, 1, time));
  }

  private static List<Integer> await(List<Process> processes) throws InterruptedException {
    List<Integer> statuses = new ArrayList<>();
    for (Process process : processes) {
      statuses.add(process.waitFor());
    }
    return statuses;
  }

  private static long report(String what, long start) {
    long seconds = (System.nanoTime() - start) / 1_000_000_000;
    System.out.println(
        FailingMain.object()
            .put("network", what)
            .put("delay", DELAY_MILLIS)
            .put("loss", LOSS_PERCENT)
            .put("seconds", seconds));
    return seconds;
  }
}
