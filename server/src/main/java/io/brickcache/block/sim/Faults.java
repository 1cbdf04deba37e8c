package io.brickcache.block.sim;

import io.brickcache.block.IoRequest;
import io.brickcache.env.sim.SeededEntropy;
import java.util.EnumMap;
import java.util.Map;

/** Decides what goes wrong, once per request, in order of submission. */
@FunctionalInterface
public interface Faults {

    Faults NONE = request -> Fault.NONE;

    Fault next(IoRequest request);

    /**
     * Each fault with its own probability; at most one per request.
     *
     * @param rates from 0 to 1 each, 1 at most in sum
     */
    static Faults random(SeededEntropy entropy, Map<Fault, Double> rates) {
        Map<Fault, Double> byFault = new EnumMap<>(rates);
        return request -> {
            double draw = entropy.nextDouble();
            for (Map.Entry<Fault, Double> entry : byFault.entrySet()) {
                draw -= entry.getValue();
                if (draw < 0) {
                    return entry.getKey();
                }
            }
            return Fault.NONE;
        };
    }
}
