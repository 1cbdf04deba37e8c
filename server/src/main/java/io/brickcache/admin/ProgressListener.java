package io.brickcache.admin;

/** Follows one piece of long work, and may take it back. Called from any one thread at a time. */
public interface ProgressListener {

    /** Hears nothing and never cancels. */
    ProgressListener NONE = new ProgressListener() {
        @Override
        public void onProgress(Progress progress) {}

        @Override
        public boolean isCancelled() {
            return false;
        }
    };

    /** Tells how far the work is. Never blocks and never throws; may be called as often as the work likes. */
    void onProgress(Progress progress);

    /**
     * True as soon as nobody wants the work any more. The work asks at least once a second, also while it makes no
     * progress, and then stops in good order and fails with {@link Reason#CANCELLED}.
     */
    boolean isCancelled();
}
