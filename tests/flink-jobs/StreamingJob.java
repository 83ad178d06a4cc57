import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;
import org.apache.flink.util.ParameterTool;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Never ends, and can be stopped with a savepoint and started from it: counts numbers per remainder in keyed
 * state.
 *
 * <p>{@code --name}, {@code --sleep-ms} per number (10), {@code --checkpoint-ms} between checkpoints (2000, 0 is
 * off), {@code --fail-at} the number at which it throws (-1 is never), {@code --hold-snapshots} a file: as long as it
 * exists, no snapshot gets done.
 */
public final class StreamingJob {
    private static final long REMAINDERS = 7;

    private StreamingJob() {}

    /** Submits the job. */
    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "none");
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        environment.getConfig().setGlobalJobParameters(parameters);
        long checkpointMs = parameters.getLong("checkpoint-ms", 2000);
        if (checkpointMs > 0) {
            environment.enableCheckpointing(checkpointMs);
        }
        // Stable uids: a savepoint finds its operators by them.
        environment
                .fromSequence(0, Long.MAX_VALUE - 1)
                .uid("numbers")
                .name("numbers")
                .map(
                        new Pace(
                                parameters.getLong("sleep-ms", 10),
                                parameters.getLong("fail-at", -1),
                                parameters.get("hold-snapshots", "")))
                .uid("pace")
                .name("pace")
                .keyBy(number -> number % REMAINDERS, Types.LONG)
                .process(new CountPerKey())
                .uid("count")
                .name("count")
                .sinkTo(new DiscardingSink<>())
                .uid("discard")
                .name("discard");
        environment.execute(parameters.get("name", "streaming-job"));
    }

    private static final class Pace extends RichMapFunction<Long, Long> implements CheckpointedFunction {
        private static final long serialVersionUID = 1L;

        private final long sleepMs;
        private final long failAt;
        private final String holdSnapshots;

        Pace(long sleepMs, long failAt, String holdSnapshots) {
            this.sleepMs = sleepMs;
            this.failAt = failAt;
            this.holdSnapshots = holdSnapshots;
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            while (!holdSnapshots.isEmpty() && Files.exists(Path.of(holdSnapshots))) {
                Thread.sleep(50);
            }
        }

        @Override
        public void initializeState(FunctionInitializationContext context) {}

        @Override
        public Long map(Long number) throws Exception {
            if (failAt >= 0 && number >= failAt) {
                throw new IllegalStateException("told to fail at " + number);
            }
            if (sleepMs > 0) {
                Thread.sleep(sleepMs);
            }
            return number;
        }
    }

    private static final class CountPerKey extends KeyedProcessFunction<Long, Long, Long> {
        private static final long serialVersionUID = 1L;

        private transient ValueState<Long> count;

        @Override
        public void open(OpenContext context) {
            count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        @Override
        public void processElement(Long number, Context context, Collector<Long> out) throws Exception {
            Long before = count.value();
            count.update(before == null ? 1L : before + 1);
            out.collect(number);
        }
    }
}
