import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.time.zone.ZoneRulesProvider;
import java.util.HashMap;
import java.util.Map;
import org.springframework.scheduling.support.CronExpression;

/**
 * Answers from standard input to standard output, line by line, what Spring's own class says.
 *
 * <pre>
 * version                        2025a, the tzdata that Java has
 * changes ZONE FROM TO           instants of the clock changes in [FROM, TO), parted by blanks,
 *                                or `unknown` when Java has no such zone
 * next AFTER ZONE EXPRESSION     two answers: by Spring in the zone, and by Spring on the wall clock
 * </pre>
 *
 * Words are parted by tabs, instants are epoch milliseconds. An answer to `next` is an instant,
 * `never`, `invalid`, or `error` and the exception. The second is what the rule says: the wall clock
 * of each stretch of one offset is searched by Spring without a zone, so that no change of the clock
 * can confuse it.
 */
public class Judge {
    /** As far as the planner looks. */
    private static final Duration HORIZON = Duration.ofDays(146_097);

    private final Map<String, ZoneId> zones = new HashMap<>();

    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        var judge = new Judge();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(judge.answer(line.split("\t", 4)));
            out.newLine();
            if (!in.ready()) {
                out.flush();
            }
        }
        out.flush();
    }

    private String answer(String[] words) {
        return switch (words[0]) {
            case "version" -> ZoneRulesProvider.getVersions("Europe/Berlin").lastKey();
            case "changes" -> changes(words[1], instant(words[2]), instant(words[3]));
            case "next" -> next(instant(words[1]), zone(words[2]), words[3]);
            default -> "error\tno such question: " + words[0];
        };
    }

    private String changes(String id, Instant from, Instant to) {
        if (!ZoneId.getAvailableZoneIds().contains(id)) {
            return "unknown";
        }
        ZoneRules rules = zone(id).getRules();
        var answer = new StringBuilder();
        var change = rules.nextTransition(from.minusNanos(1));
        while (change != null && change.getInstant().isBefore(to)) {
            answer.append(answer.isEmpty() ? "" : " ").append(change.getInstant().toEpochMilli());
            change = rules.nextTransition(change.getInstant());
        }
        return answer.toString();
    }

    private String next(Instant after, ZoneId zone, String expression) {
        CronExpression cron;
        try {
            cron = CronExpression.parse(expression);
        } catch (IllegalArgumentException refused) {
            return "invalid\tinvalid";
        }
        return inZone(cron, zone, after) + "\t" + onWallClock(cron, zone.getRules(), after);
    }

    private String inZone(CronExpression cron, ZoneId zone, Instant after) {
        try {
            ZonedDateTime next = cron.next(after.atZone(zone));
            return next == null ? "never" : text(next.toInstant());
        } catch (RuntimeException broken) {
            return "error " + broken;
        }
    }

    private String onWallClock(CronExpression cron, ZoneRules rules, Instant after) {
        try {
            Instant last = after; // searched up to here, inclusive
            while (last.isBefore(after.plus(HORIZON))) {
                Instant first = last.plusNanos(1);
                ZoneOffset offset = rules.getOffset(first);
                LocalDateTime wall = cron.next(LocalDateTime.ofInstant(last, offset));
                ZoneOffsetTransition change = rules.nextTransition(first);
                if (wall != null) {
                    Instant at = wall.toInstant(offset);
                    if (change == null || at.isBefore(change.getInstant())) {
                        return text(at);
                    }
                }
                if (change == null || wall == null) {
                    return "never";
                }
                last = change.getInstant().minusNanos(1);
            }
            return "never";
        } catch (RuntimeException broken) {
            return "error " + broken;
        }
    }

    private ZoneId zone(String id) {
        return zones.computeIfAbsent(id, ZoneId::of);
    }

    private static Instant instant(String millis) {
        return Instant.ofEpochMilli(Long.parseLong(millis));
    }

    private static String text(Instant at) {
        return Long.toString(at.toEpochMilli());
    }
}
