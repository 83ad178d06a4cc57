import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.ParameterTool;

/**
 * Ends by itself: a batch of numbers, counted in the accumulator {@code numbers}.
 *
 * <p>{@code --name}, {@code --count} of numbers (1000).
 */
public final class BoundedJob {
    private BoundedJob() {}

    /** Submits the job. */
    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        Configuration configuration = new Configuration();
        configuration.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        environment.getConfig().setGlobalJobParameters(parameters);
        environment
                .fromSequence(1, parameters.getLong("count", 1000))
                .name("numbers")
                .map(new Tally())
                .name("tally")
                .sinkTo(new DiscardingSink<>())
                .name("discard");
        environment.execute(parameters.get("name", "bounded-job"));
    }

    private static final class Tally extends RichMapFunction<Long, Long> {
        private static final long serialVersionUID = 1L;

        private final LongCounter numbers = new LongCounter();

        @Override
        public void open(OpenContext context) {
            getRuntimeContext().addAccumulator("numbers", numbers);
        }

        @Override
        public Long map(Long number) {
            numbers.add(1L);
            return number;
        }
    }
}
