package io.brickcache.env.sim;

/** A simulation took more steps than a run may take: something goes round without getting anywhere. */
public final class LivelockException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public LivelockException(String message) {
        super(message);
    }
}
